/** The options of `HostBatchJob`: a misspelt one would have no effect. */
import type * as BatchJob from "../../../BatchJob.ts"
import type { CollectOptions, Options } from "../../../HostBatchJob.ts"
import { ofJob } from "../optionNames.ts"

type Names<O> = Readonly<Record<keyof O, true>>

const ofFollow: Names<Pick<Options, "interval" | "maxInterval" | "timeout">> = {
  interval: true,
  maxInterval: true,
  timeout: true
}

/** What a job that runs in this program does not have. */
export const ofHost: Names<Omit<Options, keyof BatchJob.Options>> = {
  ...ofFollow,
  completionWindow: true,
  metadata: true,
  mode: true,
  model: true,
  onEvent: true,
  deleteFiles: true
}

export const ofRun: Names<Options> = { ...ofJob, ...ofHost }

export const ofCollect: Names<CollectOptions> = {
  ...ofFollow,
  deleteFiles: true,
  model: true,
  onEvent: true,
  schema: true
}
