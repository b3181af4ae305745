/** Loaded before the files: the cluster that they share goes after the last of them. */
import { afterAll } from "bun:test";
import { endShared } from "./setup.ts";

afterAll(endShared);
