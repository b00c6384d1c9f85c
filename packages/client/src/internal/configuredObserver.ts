/** The observer that a configuration turns on, with the logs that it writes. */
import * as CallLog from "@kimi-effect/core/CallLog"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Observer from "@kimi-effect/core/Observer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ServiceLayer } from "./ServiceLayer.ts"
import type { Stores } from "./stores.ts"

/** The observer of a configuration with telemetry, a call log or an audit log. */
export const layer = (config: KimiConfig.Values, stores: Stores): ServiceLayer => {
  const { auditLog, callLog } = config
  return Layer.effect(
    Observer.Observer,
    Effect.gen(function* () {
      const onCall: Array<Observer.Sink> = []
      if (callLog) onCall.push(yield* CallLog.make(CallLog.optionsFromConfig(config)))
      const audit = auditLog === undefined ? undefined : yield* stores.auditLog(config, auditLog)
      if (audit !== undefined) onCall.push(audit.record)
      const healthChecks = audit === undefined ? [] : [audit.healthCheck]
      return yield* Observer.make({ ...Observer.optionsFromConfig(config), onCall, healthChecks })
    })
  )
}
