/**
 * Mock providers, cassettes, replies, faults and simulations for tests without a
 * network.
 *
 * @since 0.1.0
 */
export * as Cassette from "./Cassette.ts"
export * as CassetteErrors from "./CassetteErrors.ts"
export * as CassetteStore from "./CassetteStore.ts"
export * as Chaos from "./Chaos.ts"
export * as ErrorReply from "./ErrorReply.ts"
export * as Fault from "./Fault.ts"
export * as MockProvider from "./MockProvider.ts"
export * as Reply from "./Reply.ts"
export * as CallSchedule from "./schedule/CallSchedule.ts"
export * as ServiceOptions from "./schedule/ServiceOptions.ts"
export * as ScheduleSearch from "./ScheduleSearch.ts"
export * as Script from "./Script.ts"
export * as Simulator from "./Simulator.ts"
export * as Comparison from "./simulator/Comparison.ts"
export * as FaultScript from "./simulator/FaultScript.ts"
export * as Scenarios from "./simulator/Scenarios.ts"
export * as Traffic from "./simulator/Traffic.ts"
export * as VirtualHost from "./simulator/VirtualHost.ts"
