/** The client: its options follow their files, and every call is measured and logged. */
import { KimiNode, Logging } from "@kimi-effect/client/node"
import { CallLog, Observer } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ServiceConfig } from "./ServiceConfig.ts"

const observer = Layer.unwrap(Effect.map(CallLog.make(), (log) => Observer.layer({ onCall: [log] })))

export const client = Layer.unwrap(
  Effect.map(ServiceConfig, ({ configFile, secretFile }) =>
    KimiNode.layerWatch({
      json: Option.getOrUndefined(configFile),
      dotEnv: Option.getOrUndefined(secretFile)
    })
  )
).pipe(Layer.provideMerge(observer), Layer.provideMerge(Logging.layer()))
