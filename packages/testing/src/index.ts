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
export * as FaultScript from "./simulator/FaultScript.ts"
export * as Scenarios from "./simulator/Scenarios.ts"
export * as VirtualHost from "./simulator/VirtualHost.ts"
export * as Simulator from "./Simulator.ts"
