/**
 * A Kimi server, recorded traffic and faults for tests without a network.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.ts"
export * as Fixtures from "./Fixtures.ts"
export * as MockKimiClient from "./MockKimiClient.ts"
export * as MockServer from "./MockServer.ts"
export * as Reply from "./Reply.ts"
