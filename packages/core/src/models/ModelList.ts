/**
 * The response of `GET /models`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { optionalFromNullish } from "./internal/OptionalFromNullish.ts"

/**
 * A model that is available to the key. Moonshot sends the window and the
 * capabilities; other hosts only the id.
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
  /** The values of `reasoning_effort`, on models that support it. */
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
 * The list as hosts send it: in an envelope, or as a plain array (Together).
 *
 * @category schemas
 * @since 0.1.0
 */
export const ModelListResponse = Schema.Union([ModelList, Schema.Array(Model)])
