/**
 * The unit in which streams are pulled: the events of one network read.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import type { StreamEvent } from "../../models/StreamEvent.ts"

/**
 * Events that arrived together.
 *
 * @category models
 * @since 0.1.0
 */
export type EventChunk = Arr.NonEmptyReadonlyArray<StreamEvent>
