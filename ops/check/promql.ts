/** Parses PromQL with Prometheus' grammar. */
import { parser } from "@prometheus-io/lezer-promql"

/** A metric that a query reads, with the labels that it matches. */
interface Selector {
  readonly metric: string
  readonly labels: ReadonlyArray<string>
  /** The patterns that labels are compared with. */
  readonly values: ReadonlyArray<readonly [label: string, pattern: string]>
}

interface Query {
  readonly isValid: boolean
  readonly selectors: ReadonlyArray<Selector>
  /** Labels that results are grouped or joined by. */
  readonly grouping: ReadonlyArray<string>
}

/** Replaces Grafana's variables by values. */
const withoutVariables = (text: string): string => text.replaceAll("$__rate_interval", "1m")

const unquote = (text: string): string => text.slice(1, -1)

export const parseQuery = (expression: string): Query => {
  const text = withoutVariables(expression)
  let isValid = true
  const selectors: Array<{ metric: string; labels: Array<string>; values: Array<readonly [string, string]> }> = []
  const grouping: Array<string> = []
  let name = ""
  parser.parse(text).iterate({
    enter: ({ from, name: kind, node, to, type }) => {
      const source = text.slice(from, to)
      if (type.isError) isValid = false
      if (kind === "VectorSelector") {
        const metric = node.getChild("Identifier")
        selectors.push({ metric: metric === null ? "" : text.slice(metric.from, metric.to), labels: [], values: [] })
      }
      if (kind !== "LabelName" && kind !== "StringLiteral") return
      const isMatcher = node.parent?.name === "UnquotedLabelMatcher"
      if (kind === "LabelName") {
        name = source
        if (isMatcher) selectors.at(-1)?.labels.push(source)
        else grouping.push(source)
      } else if (isMatcher) selectors.at(-1)?.values.push([name, unquote(source)])
    }
  })
  return { isValid, selectors, grouping }
}
