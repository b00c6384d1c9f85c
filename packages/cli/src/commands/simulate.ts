/** `kimi simulate` */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import * as Numbers from "../numberFlags.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { pathFlag } from "../pathParams.ts"
import { textFlag } from "../textParams.ts"

export const simulate = Command.make(
  "simulate",
  {
    traffic: pathFlag("traffic").pipe(
      Flag.withDescription("Audit log of real calls. Defaults to random traffic."),
      Flag.withMetavar("file"),
      Flag.between(0, 100)
    ),
    calls: Numbers.wholeNumber("calls").pipe(
      Flag.withDescription("Calls of random traffic, up to 500000. Default: 1000. Not with --traffic."),
      // All calls of a simulation are in memory.
      Flag.filter(
        (calls) => calls > 0 && calls <= 500_000,
        () => "a whole number from 1 to 500000"
      ),
      Flag.optional
    ),
    duration: Flag.String("duration").pipe(
      Flag.withDescription("Simulated time. Defaults to 24 hours, or to the time of the audit log."),
      Numbers.time,
      Flag.optional
    ),
    outage: Flag.String("outage").pipe(
      Flag.withDescription("Duration of an outage in the middle, such as '5 minutes'. Defaults to none."),
      Numbers.time,
      Flag.optional
    ),
    seed: textFlag("seed").pipe(Flag.withDescription("Seed of all randomness. Default: 1."), Flag.withDefault("1")),
    html: pathFlag("html").pipe(
      Flag.withDescription("Writes the report as a page with charts. Replaces no file but a page."),
      Flag.withMetavar("file"),
      Flag.optional
    ),
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/simulate.ts"))
).pipe(
  Command.withDescription(
    "Simulates a day of calls in seconds with the options of the command: the real client against a virtual host in virtual time. Needs neither a key nor a network."
  ),
  Command.withExamples([
    { command: "kimi simulate --tier 2 --outage '5 minutes' --html day.html", description: "A day with an outage" },
    { command: "kimi simulate --traffic audit.jsonl --tier 3", description: "The recorded day at another tier" }
  ])
)
