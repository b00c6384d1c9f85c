/** The JSON of `kimi swarm` and of its subcommands. */
import * as Schema from "effect/Schema"

const Agent = Schema.Struct({
  id: Schema.String,
  outcome: Schema.String,
  text: Schema.String.annotate({ description: "Its last text" })
})

export const SwarmRun = Schema.Struct({
  outcome: Schema.Literals(["Finished", "Limited", "Suspended", "Failed", "Cancelled"]),
  text: Schema.String.annotate({
    description: "What the orchestrator has written last; without a conclusion, the results of the agents"
  }),
  conclusionError: Schema.optionalKey(Schema.String).annotate({
    description: "The tag of the error for which the orchestrator has written no conclusion"
  }),
  agents: Schema.Array(Agent).annotate({ description: "The sub-agents" }),
  steps: Schema.Finite,
  toolCalls: Schema.Finite,
  cost: Schema.Array(Schema.String).annotate({ description: "One amount for each currency" }),
  wallMillis: Schema.Finite
})

export const SwarmStatus = Schema.Struct({
  id: Schema.String,
  state: Schema.Literals(["Running", "Waiting", "Finished", "Cancelled"]).annotate({
    description: "Waiting: no process works on it, and it can be continued"
  }),
  agents: Schema.Array(
    Schema.Struct({ id: Schema.String, state: Schema.Literals(["Waiting", "Working", "Done", "Cancelled"]) })
  ).annotate({ description: "The orchestrator first. Those without an outcome are Cancelled with their swarm" }),
  calls: Schema.Finite.annotate({ description: "Recorded responses of the model and results of tools" })
})

export type SwarmStatus = typeof SwarmStatus.Type

export type SwarmRun = typeof SwarmRun.Type
