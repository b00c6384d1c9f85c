/** The options of `HostBatch`: a misspelt one would have no effect. */
import type {
  FollowOptions,
  Options,
  PrepareOptions,
  ResultOptions,
  ResumeOptions,
  RunOptions,
  SubmitOptions
} from "../../HostBatch.ts"

type Names<O> = Readonly<Record<keyof O, true>>

export const ofService: Names<Options> = { maxBytes: true, maxRows: true, retry: true }

export const ofRetry: Names<NonNullable<Options["retry"]>> = { baseDelay: true, maxAttempts: true, maxDelay: true }

export const ofPrepare: Names<PrepareOptions> = { keepRequests: true, model: true }

export const ofSubmit: Names<SubmitOptions> = {
  completionWindow: true,
  metadata: true,
  continued: true,
  onStep: true,
  onRefused: true
}

export const ofFollow: Names<FollowOptions> = { interval: true, maxInterval: true, timeout: true, onState: true }

export const ofResults: Names<ResultOptions> = {
  schema: true,
  model: true,
  submission: true,
  isWanted: true,
  checkRows: true,
  requestsOf: true,
  onRead: true,
  onSettled: true,
  onSurplus: true
}

const ofCollection: Names<ResumeOptions> = {
  interval: true,
  maxInterval: true,
  timeout: true,
  model: true,
  schema: true,
  job: true,
  onEvent: true,
  deleteFiles: true
}

export const ofRun: Names<RunOptions> = { ...ofCollection, completionWindow: true, metadata: true }

export const ofResume: Names<ResumeOptions & { readonly rows?: unknown }> = { ...ofCollection, rows: true }
