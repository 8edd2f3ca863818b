-- SPDX-License-Identifier: Apache-2.0
-- The auditor looks for dead notices every fifteen seconds; notices are kept.
CREATE INDEX notice_dead ON np.notice (done_at) WHERE state = 'dead';
