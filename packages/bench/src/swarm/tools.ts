/** The tool that the agents of a measured swarm call in each step. */
import { ToolSet } from "@kimi-effect/client/agent"
import { Provider } from "@kimi-effect/client"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"

const kit = Toolkit.make(
  Tool.make("read_part", {
    description: "Returns the text of a part of the system",
    parameters: Schema.Struct({ part: Schema.String }),
    success: Schema.String
  }).annotate(Tool.Readonly, true)
)

const content = "A sentence about this part of the system, as a file or a search returns it. ".repeat(25)

export const makeTools = ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
  Effect.provide(kit.toLayer({ read_part: ({ part }) => Effect.succeed(`Part ${part}: ${content}`) }))
)
