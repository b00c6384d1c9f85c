/** `kimi replay` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { handler } from "../handler.ts"
import { jsonFlag } from "../optionFlags.ts"
import { pathArgument } from "../pathParams.ts"

export const replay = Command.make(
  "replay",
  {
    cassette: pathArgument("cassette").pipe(
      Argument.withDescription("The file of a cassette, which ends with .json; the suffix may be left out.")
    ),
    json: jsonFlag
  },
  handler(() => import("../handlers/replay.ts"))
).pipe(
  Command.withDescription(
    "Prints the recorded requests and responses of a cassette. kimi serve-mock --cassette answers clients with them."
  ),
  Command.withExamples([
    { command: "kimi replay examples/test/cassettes/summary.json", description: "Each request with its response" }
  ])
)
