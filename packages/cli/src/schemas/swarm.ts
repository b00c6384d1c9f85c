/** The JSON of `kimi swarm`. */
import * as Schema from "effect/Schema"

const Agent = Schema.Struct({
  id: Schema.String,
  outcome: Schema.String,
  text: Schema.String.annotate({ description: "Its last text" })
})

export const SwarmRun = Schema.Struct({
  outcome: Schema.Literals(["Finished", "Limited", "Suspended", "Failed", "Cancelled"]),
  text: Schema.String.annotate({ description: "What the orchestrator has written last" }),
  agents: Schema.Array(Agent).annotate({ description: "The sub-agents" }),
  steps: Schema.Finite,
  toolCalls: Schema.Finite,
  cost: Schema.Array(Schema.String).annotate({ description: "One amount for each currency" }),
  wallMillis: Schema.Finite
})

export type SwarmRun = typeof SwarmRun.Type
