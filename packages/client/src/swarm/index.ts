/**
 * Swarms of agents under one set of limits.
 *
 * @since 0.1.0
 */
export * as AgentRole from "./AgentRole.ts"
export * as Swarm from "./Swarm.ts"
export * as SwarmEvent from "./SwarmEvent.ts"
export * as SwarmLimits from "./SwarmLimits.ts"
export * as SwarmOptions from "./SwarmOptions.ts"
export * as SwarmPlan from "./SwarmPlan.ts"
export * as SwarmReport from "./SwarmReport.ts"
export * as SwarmResult from "./SwarmResult.ts"
export * as SwarmState from "./SwarmState.ts"
export * as SwarmStatus from "./SwarmStatus.ts"
export * as SwarmTimeline from "./SwarmTimeline.ts"
