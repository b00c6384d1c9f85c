#!/usr/bin/env node
/**
 * The entry of the package: turns on the compile cache of Node, and loads the
 * program. The cache is in a folder of the user: it holds code that runs, and the
 * default of Node is below the folder for temporary files, where every user of the
 * system can write. NODE_COMPILE_CACHE names another one, and
 * NODE_DISABLE_COMPILE_CACHE=1 turns it off.
 */
import * as nodeModule from "node:module"
import { dirname, isAbsolute } from "node:path"
import { wantsJson } from "./jsonArgument.ts"
import { problemOf, refusalOf } from "./nodeVersion.ts"

const problem = problemOf(process.versions.node)
if (problem !== undefined) {
  process.stderr.write(`${refusalOf(problem, wantsJson(process.argv.slice(2)))}\n`)
  process.exit(1)
}

// Not an import: an import of node:fs loads the streams of Node too, for each of its names.
const { existsSync, mkdirSync } = process.getBuiltinModule("node:fs")
const { HOME, LOCALAPPDATA, NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME } = process.env

/**
 * Creates a folder that does not exist, with its parents. Node itself, which would create
 * it too, never returns where a parent exists and refuses with `ENOENT`, as in `/proc`.
 */
const isThere = (path: string): boolean => {
  if (existsSync(path)) return true
  const parent = dirname(path)
  if (parent === path || !isThere(parent)) return false
  try {
    mkdirSync(path)
    return true
  } catch {
    // Another process may have created it meanwhile.
    return existsSync(path)
  }
}

/** Whether Node has its own cache, or none: no folder is created then. */
const isSet = Boolean(NODE_COMPILE_CACHE) || NODE_DISABLE_COMPILE_CACHE !== undefined
// The home of a system user, such as /nonexistent, is not created: there is no cache then.
const home = HOME && existsSync(HOME) ? `${HOME}/.cache` : undefined
// The rules of XDG: what is no absolute path is ignored. It would be a folder of the working folder.
const folder = [XDG_CACHE_HOME, LOCALAPPDATA, home].find((path) => path && isAbsolute(path))
// An import by its name would end an older version with a SyntaxError, before the check.
if (folder && !isSet && isThere(`${folder}/kimi/compile`)) nodeModule.enableCompileCache(`${folder}/kimi/compile`)
const { main } = await import("./main.ts")
main()
