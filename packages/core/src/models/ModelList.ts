/**
 * The answer of `GET /models`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { absent } from "./Tolerant.ts"

/**
 * A model that the key may use, as the host describes it. Moonshot sends the
 * window and the abilities; other hosts only the id.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Model = Schema.Struct({
  id: Schema.String,
  /** Unix seconds. */
  created: absent(Schema.Finite),
  owned_by: absent(Schema.String),
  /** Window in tokens. */
  context_length: absent(Schema.Finite),
  supports_image_in: absent(Schema.Boolean),
  supports_video_in: absent(Schema.Boolean),
  supports_reasoning: absent(Schema.Boolean),
  supports_dynamic_tools: absent(Schema.Boolean),
  /** Words that `reasoning_effort` takes, on models that have it. */
  reasoning_efforts: absent(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Model = typeof Model.Type

/**
 * The list of models.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ModelList = Schema.Struct({ data: Schema.Array(Model) })

/**
 * The list as hosts send it: in its envelope, or bare, as Together does.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ModelListAnswer = Schema.Union([ModelList, Schema.Array(Model)])
