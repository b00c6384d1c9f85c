/** The names of the options of jobs: a misspelt one would have no effect. */
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type * as Batch from "../../../batch/Batch.ts"
import { tagRule } from "../../../batch/internal/tagRule.ts"
import type { Options, Prompts, RowOptions } from "../../BatchJob.ts"
import type * as SharedBatchJob from "../../SharedBatchJob.ts"

const common: Readonly<Record<Exclude<keyof Batch.Options, "order" | "total">, true>> = {
  concurrency: true,
  deduplicate: true,
  job: true,
  onProgress: true,
  progressInterval: true,
  schema: true,
  stop: true
}

const ofRows: Readonly<Record<keyof RowOptions, true>> = {
  format: true,
  input: true,
  onReject: true,
  prompts: true,
  separator: true
}

export const ofJob: Readonly<Record<keyof Options, true>> = {
  ...common,
  ...ofRows,
  order: true,
  output: true,
  rerun: true,
  total: true
}

const ofSharedJob: Readonly<Record<keyof SharedBatchJob.Options, true>> = {
  ...common,
  ...ofRows,
  id: true,
  output: true,
  pollInterval: true,
  rangeRows: true
}

const ofPrompts: Readonly<Record<keyof Prompts, true>> = {
  column: true,
  id: true,
  request: true,
  system: true,
  template: true
}

export const rerunRule = ({ rerun }: { readonly rerun?: unknown }): OptionRules.Rule => tagRule("rerun", rerun)

export const jobRules = (options: { readonly rerun?: unknown }): ReadonlyArray<OptionRules.Rule> => [
  ...OptionRules.knownNames(options, ofJob),
  rerunRule(options)
]

export const rowsRules = (options: object): ReadonlyArray<OptionRules.Rule> => OptionRules.knownNames(options, ofRows)

export const sharedRules = (options: object): ReadonlyArray<OptionRules.Rule> =>
  OptionRules.knownNames(options, ofSharedJob)

export const promptsRules = (prompts: Prompts | undefined): ReadonlyArray<OptionRules.Rule> =>
  OptionRules.knownNames(prompts, ofPrompts, "prompts")
