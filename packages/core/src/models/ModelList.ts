/**
 * The answer of `GET /models`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { optionalFromNullish } from "./internal/OptionalFromNullish.ts"

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
  created: optionalFromNullish(Schema.Finite),
  owned_by: optionalFromNullish(Schema.String),
  /** Window in tokens. */
  context_length: optionalFromNullish(Schema.Finite),
  supports_image_in: optionalFromNullish(Schema.Boolean),
  supports_video_in: optionalFromNullish(Schema.Boolean),
  supports_reasoning: optionalFromNullish(Schema.Boolean),
  supports_dynamic_tools: optionalFromNullish(Schema.Boolean),
  /** Words that `reasoning_effort` takes, on models that have it. */
  reasoning_efforts: optionalFromNullish(Schema.Array(Schema.String))
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
export const ModelListResponse = Schema.Union([ModelList, Schema.Array(Model)])
