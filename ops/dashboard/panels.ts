/** The kinds of panels of the dashboard. */
import { type Builder } from "@grafana/grafana-foundation-sdk/cog"
import {
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder
} from "@grafana/grafana-foundation-sdk/common"
import { type Panel, ThresholdsConfigBuilder, ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard"
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus"
import * as Stat from "@grafana/grafana-foundation-sdk/stat"
import * as Timeseries from "@grafana/grafana-foundation-sdk/timeseries"

/** A query and the legend of its lines, with labels in double braces. */
type Query = readonly [expression: string, legend: string]

export interface PanelOptions {
  readonly title: string
  readonly description: string
  readonly unit: string
  readonly queries: ReadonlyArray<Query>
  readonly isStacked?: boolean
  /** The values from which on it is a warning and critical; below which, if the second is lower. */
  readonly thresholds?: readonly [number, number]
}

const height = 8

const target = ([expression, legend]: Query, index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .expr(expression)
    .legendFormat(legend)
    .refId(String.fromCodePoint(65 + index))

/** Lines over time, two panels per row. */
export const timeSeries = ({ description, isStacked = false, queries, title, unit }: PanelOptions): Builder<Panel> => {
  const panel = new Timeseries.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .min(0)
    .span(12)
    .height(height)
    .lineWidth(1)
    .fillOpacity(isStacked ? 30 : 8)
    .drawStyle(GraphDrawStyle.Line)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(queries.map(target))
  return isStacked ? panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal)) : panel
}

/** A single value, six panels per row. */
export const stat = ({ description, queries, thresholds, title, unit }: PanelOptions): Builder<Panel> => {
  const panel = new Stat.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .span(4)
    .height(4)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .targets(queries.map(target))
  if (thresholds === undefined) return panel
  const [first, second] = thresholds
  const isFalling = second < first
  return panel.thresholds(
    new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(
      isFalling
        ? [
            { value: null, color: "red" },
            { value: second, color: "orange" },
            { value: first, color: "green" }
          ]
        : [
            { value: null, color: "green" },
            { value: first, color: "orange" },
            { value: second, color: "red" }
          ]
    )
  )
}
