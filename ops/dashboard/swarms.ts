/** The panels of swarms. */
import { timeSeries } from "./panels.ts"
import type { Row } from "./Row.ts"
import { current, legend, matching, perHour, quantile, rate } from "./series.ts"

export const swarms: Row = {
  title: "Swarms",
  panels: [
    timeSeries({
      title: "Agents by state",
      description: "Of swarms that run now, without orchestrators",
      unit: "none",
      isStacked: true,
      queries: [[current("swarmAgents", "swarmState"), legend("swarmState")]]
    }),
    timeSeries({
      title: "Working agents and their limit",
      description: "The limit grows with each response, and refusals of the host halve it",
      unit: "none",
      queries: [
        [matching("swarmAgents", "swarmState", "working", "job"), `working ${legend("job")}`],
        [current("swarmConcurrency", "job"), `limit ${legend("job")}`]
      ]
    }),
    timeSeries({
      title: "Steps and tool calls",
      description: "Responses of the model to agents, and their tool calls by outcome",
      unit: "reqps",
      queries: [
        [rate("swarmSteps", "job"), `steps ${legend("job")}`],
        [rate("swarmToolCalls", "job", "outcome"), `tool calls ${legend("job", "outcome")}`]
      ]
    }),
    timeSeries({
      title: "Returns to the queue and suspensions per hour",
      description: "By error: refusals for load return an agent to the queue, errors of the account suspend its swarm",
      unit: "none",
      queries: [
        [perHour("swarmRequeues", "errorType"), `returned ${legend("errorType")}`],
        [perHour("swarmSuspensions", "errorType"), `suspended ${legend("errorType")}`]
      ]
    }),
    timeSeries({
      title: "Agents that end per hour, by outcome",
      description: "`ok`, the tag of the error or limit that stopped them, `skipped`, `suspended` or `interrupted`",
      unit: "none",
      isStacked: true,
      queries: [[perHour("swarmAgentsEnded", "outcome"), legend("outcome")]]
    }),
    timeSeries({
      title: "Swarms that end per hour, by outcome",
      description: "`ok`, or the tag of the limit or error that ended them",
      unit: "none",
      isStacked: true,
      queries: [[perHour("swarmRuns", "job", "outcome"), legend("job", "outcome")]]
    }),
    timeSeries({
      title: "Duration of swarms and agents",
      description: "Of swarms from begin to end; of agents from their first admission, with their waits",
      unit: "s",
      queries: [
        [quantile(0.5, "swarmDuration", "job"), `p50 of swarms ${legend("job")}`],
        [quantile(0.95, "swarmAgentDuration", "job"), `p95 of agents ${legend("job")}`]
      ]
    }),
    timeSeries({
      title: "Cost of swarms per hour",
      description: "At the current rate; a part of the cost by job",
      unit: "none",
      isStacked: true,
      queries: [[perHour("swarmCost", "job", "currency"), legend("job", "currency")]]
    })
  ]
}
