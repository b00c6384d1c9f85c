/** Formats numbers, times and money independently of locale and time zone. */
import { currencySymbols } from "@kimi-effect/core/internal/CurrencySymbols"
import { roundedAmount } from "@kimi-effect/core/internal/RoundedAmount"
import type { Report } from "../../simulator/Report.ts"

/** `86,400` */
export const formatNumber = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+(?!\d))/g, ",")

/** `99.1234 %` */
export const formatPercent = (share: number): string => `${(share * 100).toFixed(4)} %`

/** Milliseconds as `850 ms`, `2.5 s` or `3.0 min`. */
export const formatMillis = (value: number): string =>
  value < 1_000
    ? `${value} ms`
    : value < 120_000
      ? `${(value / 1_000).toFixed(1)} s`
      : `${(value / 60_000).toFixed(1)} min`

const twoDigits = (value: number): string => String(value).padStart(2, "0")

/** A moment from the start, as `10:00` or `10:00:05`. */
export const formatTime = (value: number): string => {
  const seconds = Math.floor(value / 1_000)
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  return s === 0 ? `${twoDigits(h)}:${twoDigits(m)}` : `${twoDigits(h)}:${twoDigits(m)}:${twoDigits(s)}`
}

/** A cost to cents, if it has some. Nothing was spent without an attempt, whose price need not be known. */
export const formatCost = ({ attempts, cost }: Pick<Report, "attempts" | "cost">, of: "total" | "wasted"): string => {
  if (attempts.count === 0) return "none"
  if (cost.currency === undefined) return "price unknown"
  return `${currencySymbols[cost.currency]}${roundedAmount(Number(cost[of]), 2)}`
}

/** The name of a kind of fault. */
export const faultNames = {
  Outage: "outage",
  BrownOut: "brown-out",
  RateLimitStorm: "429 storm",
  SlowPeriod: "slow period",
  BadConnections: "bad connections"
} as const
