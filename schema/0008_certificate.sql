-- SPDX-License-Identifier: Apache-2.0
-- When the certificate that a monitor last saw ends: the earliest of what its regions saw.

ALTER TABLE np.monitor_state ADD COLUMN cert_expires_at timestamptz;
