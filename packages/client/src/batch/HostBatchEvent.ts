/**
 * What happens to a batch that the host runs.
 *
 * @since 0.1.0
 */
import type { Batch } from "@kimi-effect/core/Batch"
import type { Cost } from "@kimi-effect/core/Cost"
import type * as Option from "effect/Option"
import type { Choice } from "./BatchMode.ts"

/**
 * A step of a batch, in this order. `State` is repeated: it has the state of the
 * batch after each poll.
 *
 * @category models
 * @since 0.1.0
 */
export type HostBatchEvent =
  | { readonly _tag: "Chosen"; readonly choice: Choice }
  | {
      readonly _tag: "Checked"
      readonly rows: number
      readonly bytes: number
      /** The worst-case cost, which a `Budget` reserves. */
      readonly cost: Option.Option<Cost>
    }
  | { readonly _tag: "Uploaded"; readonly fileId: string }
  | { readonly _tag: "Created"; readonly batchId: string }
  | { readonly _tag: "State"; readonly batch: Batch }
