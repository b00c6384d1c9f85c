/** Outputs that are named by a symbolic link. */
import { existsSync, lstatSync, realpathSync, statSync } from "node:fs"
import { isOpenFile } from "./jobFiles.ts"

/**
 * The file to which a link leads: its records and its lock are those of the job under each
 * name, so that two names of one output are not two jobs that pay for the same rows. A link
 * that has the records of a job next to it, and one to nothing yet, stay as they are.
 */
export const followed = <Output>(output: Output): Output | string => {
  if (typeof output !== "string") return output
  try {
    const hasRecords = [".job.json", ".host.json"].some((suffix) => existsSync(`${output}${suffix}`))
    if (hasRecords || isOpenFile(output) || !lstatSync(output).isSymbolicLink()) return output
    // A link to a device is refused by its own name.
    return statSync(output).isFile() ? realpathSync(output) : output
  } catch {
    // What is wrong with the path is named when the output is opened.
    return output
  }
}
