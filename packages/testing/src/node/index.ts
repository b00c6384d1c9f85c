/**
 * The parts of the testing kit that need Node: an HTTP server that simulates
 * Kimi, recorded traffic, cassettes in files, and the traffic of audit logs and
 * cassettes.
 *
 * @since 0.1.0
 */
export * as AuditTraffic from "./AuditTraffic.ts"
export * as CassetteStore from "./CassetteStore.ts"
export * as CassetteTraffic from "./CassetteTraffic.ts"
export * as Fixtures from "./Fixtures.ts"
export * as MockServer from "./MockServer.ts"
