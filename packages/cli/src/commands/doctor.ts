/** `kimi doctor` */
import * as Command from "effect/cli/Command"
import { handler } from "../handler.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"

export const doctor = Command.make(
  "doctor",
  {
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/doctor.ts"))
).pipe(
  Command.withDescription(
    "Checks the configuration, key, region, network, clock, balance, fallback, budget and stores, and states how to correct each problem. Free of charge."
  ),
  Command.withExamples([
    { command: "kimi doctor", description: "Every check" },
    { command: "kimi doctor --provider moonshot-cn", description: "The checks at another host" }
  ])
)
