/** The form of an output, which its name decides, and the files that it has. */
import { existsSync, statSync } from "node:fs"
import * as GzipOutput from "./GzipOutput.ts"
import type { OutputForm } from "./OutputForm.ts"
import * as PlainOutput from "./PlainOutput.ts"

export const formOf = (output: string): OutputForm => (output.endsWith(".gz") ? GzipOutput.form : PlainOutput.form)

/** The files that have rows. */
export const rowFiles = (output: string): ReadonlyArray<string> =>
  [output, GzipOutput.pendingOf(output)].filter((path) => existsSync(path) && statSync(path).size > 0)
