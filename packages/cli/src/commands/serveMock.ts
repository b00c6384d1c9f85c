/** `kimi serve-mock` */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import { handler } from "../handler.ts"
import * as Numbers from "../numberFlags.ts"
import { jsonFlag } from "../optionFlags.ts"
import { pathFlag } from "../pathParams.ts"

export const serveMock = Command.make(
  "serve-mock",
  {
    port: Numbers.wholeNumber("port").pipe(
      Flag.withDescription("Defaults to a free port."),
      Numbers.port,
      Flag.optional
    ),
    cassette: pathFlag("cassette").pipe(
      Flag.withDescription("Serves the responses of a cassette."),
      Flag.withMetavar("file"),
      Flag.optional
    ),
    latency: Flag.String("latency").pipe(
      Flag.withDescription("Delay of every response, such as '200 millis'. Default: none."),
      Numbers.delay,
      Flag.withDefault(Duration.zero)
    ),
    tokenDelay: Flag.String("token-delay").pipe(
      Flag.withDescription("Delay of each event of a stream. Default: none."),
      Numbers.delay,
      Flag.withDefault(Duration.zero)
    ),
    cors: Flag.Boolean("cors").pipe(Flag.withDescription("Answers pages of any origin."), Flag.withDefault(false)),
    json: jsonFlag
  },
  handler(() => import("../handlers/serveMock.ts"))
).pipe(
  Command.withDescription(
    "Runs a server on this machine that answers as Kimi does, until Ctrl-C, and prints its base URL."
  ),
  Command.withExamples([
    { command: "kimi serve-mock --port 8080", description: "For any client: KIMI_BASE_URL=http://127.0.0.1:8080/v1" },
    { command: "kimi serve-mock --cassette greeting.json", description: "The recorded responses of a cassette" }
  ])
)
