/**
 * The site is built from the pages in `docs` where they are: no page is copied.
 * Links that lead out of `docs`, such as those to examples, lead to the repository.
 */
import { existsSync } from "node:fs"
import { dirname, join, normalize, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitepress"
import { sidebar } from "./sidebar.ts"

const docs = fileURLToPath(new URL("../../docs", import.meta.url))

const installed = (name: string): string => fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url))

/** Where the repository is read in a browser; `SITE_REPOSITORY` has another address. */
const repository = process.env.SITE_REPOSITORY ?? "https://github.com/kimi-effect/kimi-effect/blob/main"

const rewrites: Record<string, string> = { "README.md": "index.md" }

/**
 * The address of a link of the page `path`, where it is not what the page has:
 * links that lead out of `docs`, and links to pages that have another name on the site.
 */
const addressOf = (path: string, href: string): string | undefined => {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return undefined
  const [file = "", hash] = href.split("#")
  const target = normalize(join(docs, dirname(path), file))
  const page = relative(docs, target)
  const suffix = hash === undefined ? "" : `#${hash}`
  const rewritten = rewrites[page]
  if (rewritten !== undefined) return `${relative(dirname(path), rewritten)}${suffix}`
  if (!page.startsWith("..") || !existsSync(target)) return undefined
  return `${repository}/${relative(dirname(docs), target)}${suffix}`
}

export default defineConfig({
  title: "kimi-effect",
  description: "The client library with which Effect programs depend on Kimi in production",
  lang: "en-US",
  base: process.env.SITE_BASE ?? "/",
  srcDir: "../docs",
  rewrites,
  cleanUrls: true,
  lastUpdated: false,
  markdown: {
    config: (md) => {
      // The pages are Markdown for any reader: two braces are no expression of Vue.
      for (const name of ["text", "code_inline"]) {
        const render = md.renderer.rules[name]
        if (render === undefined) throw new Error(`markdown-it has no renderer of ${name}`)
        md.renderer.rules[name] = (...args) =>
          render(...args)
            .replaceAll("{{", "&#123;&#123;")
            .replaceAll("}}", "&#125;&#125;")
      }
      md.core.ruler.push("addresses-on-the-site", ({ env, tokens }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === "link_open" ? token.attrGet("href") : null
          const address = href === null ? undefined : addressOf(env.relativePath, href)
          if (address !== undefined) token.attrSet("href", address)
        }
      })
    }
  },
  vite: {
    // Modules that pages import when they are rendered are in this package, and not above `docs`.
    resolve: { alias: { "vue/server-renderer": installed("vue/server-renderer"), vue: installed("vue") } },
    server: { fs: { allow: ["..", docs] } }
  },
  themeConfig: {
    nav: [
      { text: "Getting started", link: "/getting-started" },
      { text: "Errors", link: "/errors" },
      { text: "Configuration", link: "/configuration" },
      // Not a page of VitePress: loaded anew, in place of by its router.
      { text: "API", link: "/api/index.html", target: "_self" },
      { text: "Repository", link: repository.replace(/\/blob\/.*$/, "") }
    ],
    sidebar: sidebar(join(docs, "README.md")),
    outline: [2, 3],
    search: { provider: "local" },
    docFooter: { prev: "Previous", next: "Next" }
  }
})
