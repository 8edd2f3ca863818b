// SPDX-License-Identifier: Apache-2.0
// What the server can do already; what it cannot is not shown.
export const built = { incidentLife: true, policies: true, rotas: true, maintenance: true };
