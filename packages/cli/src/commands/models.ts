/** `kimi models` */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"

export const models = Command.make(
  "models",
  {
    live: Flag.Boolean("live").pipe(
      Flag.withDescription("Lists the models that the API key can use at the host. Needs a key."),
      Flag.withDefault(false)
    ),
    all: Flag.Boolean("all").pipe(
      Flag.withDescription("Lists retired models too. Not with --live."),
      Flag.withDefault(false)
    ),
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/models.ts"))
).pipe(
  Command.withDescription(
    "Lists the models of Moonshot with their prices, windows and lifecycle. Works without a network."
  ),
  Command.withExamples([
    { command: "kimi models", description: "The known models" },
    { command: "kimi models --live --json", description: "The models of the account, as JSON" }
  ])
)
