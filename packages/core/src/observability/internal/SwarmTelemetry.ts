/**
 * The metrics, spans and events of swarms. Exported by `Telemetry`.
 *
 * @since 0.1.0
 */
import { attributes as a } from "./TelemetryAttributes.ts"

/** An agent takes seconds to hours. */
const swarmBoundaries = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800]

/**
 * The metrics of swarms. No label is the name of an agent, of which there are as many as there are tasks.
 *
 * @category constants
 * @since 0.1.0
 */
export const swarmMetrics = {
  swarmAgents: {
    name: "kimi.swarm.agents",
    kind: "gauge",
    unit: "{agent}",
    description: "Agents of swarms that run now, by state; without orchestrators",
    attributes: [a.job, a.swarmState]
  },
  swarmConcurrency: {
    name: "kimi.swarm.concurrency",
    kind: "gauge",
    unit: "{agent}",
    description:
      "Agents that may work at the same time now: it grows with responses, and refusals of the host halve it",
    attributes: [a.job]
  },
  swarmAgentsEnded: {
    name: "kimi.swarm.agents.ended",
    kind: "counter",
    unit: "{agent}",
    description: "Agents that have ended, by outcome; without orchestrators",
    attributes: [a.job, a.outcome]
  },
  swarmAgentDuration: {
    name: "kimi.swarm.agent.duration",
    kind: "histogram",
    unit: "s",
    description: "Time from the first admission of an agent to its end, with its waits",
    attributes: [a.job, a.outcome],
    boundaries: swarmBoundaries
  },
  swarmRuns: {
    name: "kimi.swarm.runs",
    kind: "counter",
    unit: "{swarm}",
    description: "Swarms that have ended, by outcome",
    attributes: [a.job, a.outcome]
  },
  swarmDuration: {
    name: "kimi.swarm.duration",
    kind: "histogram",
    unit: "s",
    description: "Time from the begin of a swarm to its end",
    attributes: [a.job, a.outcome],
    boundaries: swarmBoundaries
  },
  swarmSteps: {
    name: "kimi.swarm.steps",
    kind: "counter",
    unit: "{step}",
    description: "Responses of the model to agents of swarms, orchestrators included",
    attributes: [a.job]
  },
  swarmToolCalls: {
    name: "kimi.swarm.tool_calls",
    kind: "counter",
    unit: "{call}",
    description: "Tool calls of agents that have ended, by outcome; assignments are none",
    attributes: [a.job, a.outcome]
  },
  swarmRequeues: {
    name: "kimi.swarm.requeues",
    kind: "counter",
    unit: "{requeue}",
    description: "Returns of agents to the queue because a call was refused or failed, by error",
    attributes: [a.job, a.errorType]
  },
  swarmSuspensions: {
    name: "kimi.swarm.suspensions",
    kind: "counter",
    unit: "{suspension}",
    description: "Swarms that the account has suspended, by error",
    attributes: [a.job, a.errorType]
  },
  swarmCost: {
    name: "kimi.swarm.cost",
    kind: "counter",
    unit: "1",
    description: "Cost of the responses to agents of swarms, by currency; it is a part of the cost of attempts",
    attributes: [a.job, a.currency]
  }
} as const

/**
 * The events on the spans of swarms.
 *
 * @category constants
 * @since 0.1.0
 */
export const swarmSpanEvents = {
  swarmAdmitted: {
    name: "kimi.swarm.admitted",
    description: "The agent may work, after its wait in the queue; again after each return to it",
    attributes: []
  },
  swarmRequeued: {
    name: "kimi.swarm.requeued",
    description: "The agent returns to the queue, for this time or longer",
    attributes: [a.errorType, a.wait]
  },
  swarmSuspended: {
    name: "kimi.swarm.suspended",
    description: "The account cannot make calls; on the span of the swarm",
    attributes: [a.errorType]
  },
  swarmResumed: {
    name: "kimi.swarm.resumed",
    description: "The agents of a suspended swarm continue; on the span of the swarm",
    attributes: []
  }
} as const

/**
 * The spans of a swarm, which form a tree: the swarm, its agents, their steps, and the calls of the model and of tools.
 * Sub-agents are below the tool call that assigned their task.
 *
 * @category constants
 * @since 0.1.0
 */
export const swarmSpans = {
  swarm: {
    name: "invoke_workflow {gen_ai.workflow.name}",
    kind: "internal",
    description: "A swarm, from its begin to its end",
    attributes: [
      a.operationName,
      a.workflowName,
      a.outcome,
      a.errorType,
      a.swarmAgentCount,
      a.swarmSteps,
      a.swarmCriticalSteps,
      a.swarmToolCalls,
      a.usageInputTokens,
      a.usageOutputTokens,
      a.usageCacheReadTokens,
      a.cost,
      a.currency
    ],
    events: [swarmSpanEvents.swarmSuspended, swarmSpanEvents.swarmResumed]
  },
  swarmAgent: {
    name: "invoke_agent {gen_ai.agent.name}",
    kind: "internal",
    description: "An agent of a swarm, from its assignment to its end, with its waits in the queue",
    attributes: [a.operationName, a.agentName, a.agentId, a.outcome, a.errorType],
    events: [swarmSpanEvents.swarmAdmitted, swarmSpanEvents.swarmRequeued]
  },
  swarmStep: {
    name: "kimi.swarm.step",
    kind: "internal",
    description: "A step of an agent: a call of the model, and the tool calls of its response",
    attributes: [a.step],
    events: []
  },
  swarmTool: {
    name: "execute_tool {gen_ai.tool.name}",
    kind: "internal",
    description: "A tool call of an agent of a swarm; an assignment has the span of its sub-agent below it",
    attributes: [a.operationName, a.toolName, a.toolCallId, a.outcome],
    events: []
  }
} as const
