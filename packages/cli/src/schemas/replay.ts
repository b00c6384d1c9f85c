/** The JSON of `kimi replay`. */
import { Interaction } from "@kimi-effect/testing/Interaction"
import * as Schema from "effect/Schema"

export const Replay = Schema.Struct({ name: Schema.String, interactions: Schema.Array(Interaction) })

export type Replay = typeof Replay.Type
