/**
 * The parts of the testing kit that need Node: an HTTP server that simulates
 * Kimi, and recorded traffic on disk.
 *
 * @since 0.1.0
 */
export * as Fixtures from "./Fixtures.ts"
export * as MockServer from "./MockServer.ts"
