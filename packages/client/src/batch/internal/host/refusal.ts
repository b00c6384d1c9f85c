/** The failure of a batch whose file the host has refused, with what the host lists. */
import type { Batch } from "@kimi-effect/core/Batch"
import { BatchFailedError, type BatchIssue } from "@kimi-effect/core/BatchErrors"
import * as Predicate from "effect/Predicate"
import type { HostRow } from "./prepare.ts"
import { scrub } from "../../../internal/scrub.ts"

const maxIssues = 100
/** Longer texts quote the requests. */
const maxLength = 300

const textOf = (value: unknown): string | undefined => {
  if (typeof value !== "string" || value.trim() === "") return undefined
  const text = scrub(value.trim(), undefined)
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
}

/** The list of the host, which is in `data` as that of OpenAI, or is the value itself. */
const listOf = (errors: unknown): ReadonlyArray<unknown> => {
  if (Array.isArray(errors)) return errors
  if (Predicate.hasProperty(errors, "data") && Array.isArray(errors.data)) return errors.data
  return errors === undefined ? [] : [errors]
}

/** The line of the input, where the rows that were sent are known. The host counts those of their file. */
const placeOf = (line: unknown, sent: ReadonlyArray<HostRow> | undefined): Pick<BatchIssue, "id" | "line"> => {
  if (typeof line !== "number" || !Number.isSafeInteger(line) || line < 1) return {}
  const row = sent?.[line - 1]
  return row === undefined ? { line } : { line: row.line, id: row.id }
}

/** One problem. Members in another form are left out: the others are what is known. */
const issueOf = (error: unknown, sent: ReadonlyArray<HostRow> | undefined): BatchIssue | undefined => {
  const members = typeof error === "string" ? { message: error } : error
  if (!Predicate.isObject(members)) return undefined
  const { code, line, message, param } = members as { readonly [name: string]: unknown }
  const text = textOf(message)
  const word = textOf(code)
  const reason = text === undefined ? word : word === undefined ? text : `${text} (${word})`
  const parameter = textOf(param)
  return reason === undefined
    ? undefined
    : {
        ...placeOf(line, sent),
        reason,
        ...(parameter === undefined ? {} : { parameter })
      }
}

const describe = ({ line, reason }: BatchIssue): string => (line === undefined ? reason : `line ${line}: ${reason}`)

/** Absent if the batch has results, or has not failed. `sent` are its rows, in the order of their file. */
export const refusal = (batch: Batch, sent?: ReadonlyArray<HostRow>): BatchFailedError | undefined => {
  const { error_file_id = "", errors, id, output_file_id = "", status } = batch
  if (status !== "failed" || output_file_id !== "" || error_file_id !== "") return undefined
  const message = "The host refused the batch as a whole"
  const listed = listOf(errors)
  const issues = listed.slice(0, maxIssues).flatMap((error) => issueOf(error, sent) ?? [])
  const [first] = issues
  return first === undefined
    ? new BatchFailedError({ message, batchId: id, state: "failed" })
    : new BatchFailedError({
        message: `${message}. ${describe(first)}`,
        batchId: id,
        state: "failed",
        issues,
        count: listed.length
      })
}
