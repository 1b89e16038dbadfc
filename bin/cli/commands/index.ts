import type { Command } from 'commander';
import type { Io } from '../io';
import { registerChanges } from './changes';
import { registerDiff } from './diff';
import { registerDoctor } from './doctor';
import { registerExport } from './export';
import { registerList } from './list';
import { registerLog } from './log';
import { registerReplay } from './replay';
import { registerReport } from './report';
import { registerServe } from './serve';
import { registerShow } from './show';
import { registerSync } from './sync';
import { registerTargets } from './targets';
import { registerUptime } from './uptime';

/** Every command registers itself: one line here and one file each. */
export const COMMANDS: readonly ((program: Command, io: Io) => void)[] = [
  registerSync,
  registerList,
  registerLog,
  registerShow,
  registerDiff,
  registerChanges,
  registerUptime,
  registerTargets,
  registerDoctor,
  registerReport,
  registerServe,
  registerExport,
  registerReplay,
];
