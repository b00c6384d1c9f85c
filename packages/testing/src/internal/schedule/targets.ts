/** The hosts and models that may answer a client. */
import { providers } from "@kimi-effect/client/Provider"
import type { Settings } from "../../schedule/CallSchedule.ts"
import { fallbackModel, models } from "./clients.ts"

/** As `account/model`. */
export const targetsOf = ({ fallback }: Settings, client: number): ReadonlySet<string> => {
  const model = models[client] ?? models[0]
  const steps = fallback.map((step) => {
    switch (step) {
      case "model":
        return `moonshot/${fallbackModel}`
      case "account":
        return `moonshot-2/${model}`
      case "host":
        return `together/${providers.together.defaultModel}`
    }
  })
  return new Set([`moonshot/${model}`, ...steps])
}
