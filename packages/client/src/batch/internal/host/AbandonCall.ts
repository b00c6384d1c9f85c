/** The call that abandons the batch of a job of files, which hints name with its path. */
import * as Context from "effect/Context"

/** Undefined where the path of the output is not known, as outside of a job of files. */
export const AbandonCall: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@kimi-effect/client/batch/internal/host/AbandonCall",
  { defaultValue: () => undefined }
)

/** A part of a hint. */
export const abandon = (call: string | undefined): string =>
  call === undefined ? "abandon the job with HostBatchJob.abandon" : `forget the batch with ${call}`
