/** How requests get to the host: straight, or through a proxy, which can be what fails. */
import { redactedUrl } from "@kimi-effect/core/internal/ProxyForm"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Redacted from "effect/Redacted"
import type { Check } from "../schemas/doctor.ts"
import { ofError, problem, unanswered } from "./check.ts"

/** A proxy, and the option or the variable that names it. */
interface Proxy {
  readonly url: string
  readonly place: string
}

export interface Route {
  readonly origin: string
  /** Undefined for requests without a proxy. */
  readonly proxy: Proxy | undefined
}

type Environment = { readonly [name: string]: string | undefined }

/** The variable in lower case wins, as it does for the client. */
const variableOf = (environment: Environment, name: string): Proxy | undefined => {
  const place = [name.toLowerCase(), name].find((variable) => (environment[variable] ?? "").trim() !== "")
  if (place === undefined) return undefined
  const value = (environment[place] ?? "").trim()
  return { place, url: redactedUrl(value.includes("://") ? value : `http://${value}`) }
}

/** Whether NO_PROXY has the host, or a domain of it, with its port or without one. */
const isExcepted = ({ hostname, port, protocol }: URL, environment: Environment): boolean => {
  const list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
  const actualPort = port === "" ? (protocol === "https:" ? "443" : "80") : port
  return list.split(/[,\s]+/).some((entry) => {
    if (entry === "*") return true
    const [, name = "", entryPort = actualPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    const domain = name.replace(/^\*?\.?/, "")
    return domain !== "" && entryPort === actualPort && (hostname === domain || hostname.endsWith(`.${domain}`))
  })
}

/** The proxy of the environment for a URL. */
const ofEnvironment = (url: URL, environment: Environment): Proxy | undefined => {
  if (isExcepted(url, environment)) return undefined
  const http = variableOf(environment, "HTTP_PROXY")
  return url.protocol === "https:" ? (variableOf(environment, "HTTPS_PROXY") ?? http) : http
}

/** The route to a base URL. `place` is where the option `proxy` is set. */
export const make = (
  proxy: KimiConfig.Values["proxy"],
  place: string,
  baseUrl: string,
  environment: Environment = process.env
): Route => {
  const url = new URL(baseUrl)
  const { origin } = url
  if (proxy === "off") return { origin, proxy: undefined }
  if (proxy === "environment") return { origin, proxy: ofEnvironment(url, environment) }
  return { origin, proxy: { place, url: redactedUrl(Redacted.value(proxy)) } }
}

export const describe = ({ proxy }: Route): string =>
  proxy === undefined ? "without a proxy" : `through the proxy ${proxy.url} of ${proxy.place}`

const proxyFix = ({ place, url }: Proxy): string =>
  `Check that ${place} names the right proxy, that ${url} is up, and that it lets requests to the host through. Pass --proxy off if the host can be reached without it.`

/** What failed. With a proxy, its name is the only one that this machine resolves. */
const reasonOf = ({ _tag, message }: KimiError, { proxy }: Route): string =>
  _tag === "DnsError" && proxy !== undefined
    ? "The host name of the proxy could not be resolved"
    : message.replace(/ \(through the proxy [^)]*\)$/, "")

/** A host that cannot be reached on a route. */
export const failure = (error: KimiError, route: Route): Check => {
  const failed = ofError("network", error)
  return {
    ...failed,
    message: `${reasonOf(error, route)} (${describe(route)})`,
    ...(route.proxy === undefined ? {} : { fix: proxyFix(route.proxy) })
  }
}

/** A host that accepts the connection, or seems to, and then sends nothing. */
export const silence = (route: Route): Check =>
  problem(
    "network",
    `The host ${unanswered} (${describe(route)})`,
    route.proxy === undefined
      ? `Check that ${route.origin} is the host of the API, and that no firewall between this machine and it holds requests back.`
      : proxyFix(route.proxy)
  )
