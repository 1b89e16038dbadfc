import type { Command } from 'commander';
import type { Io } from '../io';
import { registerChanges } from './changes';
import { registerDiff } from './diff';
import { registerList } from './list';
import { registerLog } from './log';
import { registerShow } from './show';
import { registerUptime } from './uptime';

/** Every command registers itself: one line here and one file each. */
export const COMMANDS: readonly ((program: Command, io: Io) => void)[] = [
  registerList,
  registerLog,
  registerShow,
  registerDiff,
  registerChanges,
  registerUptime,
];
