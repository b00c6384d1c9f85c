/** What a command line of the bench asks for. */
import { parseArgs } from "node:util"

export interface CompareCommand {
  readonly name: "compare"
  readonly scenarios: ReadonlyArray<string>
  readonly isWrite: boolean
}

export interface MeasureCommand {
  readonly name: "measure"
  readonly scenario: string
  readonly isJson: boolean
  readonly isQuick: boolean
  /** The folder of the report. */
  readonly out: string | undefined
}

/**
 * Throws for an option that the command does not have: a run of many minutes
 * without what it was to write shows the mistake too late.
 */
export const parse = (args: ReadonlyArray<string>): CompareCommand | MeasureCommand => {
  if (args[0] === "compare") {
    const { positionals, values } = parseArgs({
      args: args.slice(1),
      allowPositionals: true,
      options: { write: { type: "boolean", default: false } }
    })
    return { name: "compare", scenarios: positionals, isWrite: values.write }
  }
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      out: { type: "string" }
    }
  })
  const [scenario, ...others] = positionals
  if (scenario === undefined) throw new Error("Name a scenario.")
  if (others.length > 0) throw new Error(`One scenario at a time: ${positionals.join(", ")}`)
  return { name: "measure", scenario, isJson: values.json, isQuick: values.quick, out: values.out }
}
