import type { Version } from '../../core/model/record';
import { detailsHtml } from '../details';
import type { Row } from '../model';
import type { Board } from './board';
import { element } from './elements';

/** How the address names a change: the id of its instance and the number of its version. */
export const changeName = (row: Row, change: Version): string => `${row.id}~${change.version}`;

/** Opens or closes the details, as the state says. A change that the page does not hold opens nothing. */
export function showDialog({ state, timeline }: Board): void {
  const dialog = element('details') as HTMLDialogElement;
  const [, id, version] = /^(.*)~(\d+)$/.exec(state.change ?? '') ?? [];
  const row = timeline.groups.flatMap((group) => group.rows).find((one) => one.id === id);
  const change = row?.records.history.versions.find((one) => one.version === Number(version));
  if (row === undefined || change === undefined) return dialog.close();
  element('change').innerHTML = detailsHtml(row, change);
  if (!dialog.open) dialog.showModal();
}

export function listenToDialog(board: Board): void {
  const dialog = element('details') as HTMLDialogElement;
  dialog.addEventListener('close', () => board.state.change !== undefined && board.change({ change: undefined }));
  // A press beside it meets the dialog itself.
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  element('list').addEventListener('click', (event) => {
    const line = (event.target as Element).closest('tr');
    const index = line?.querySelector('a')?.hash.slice(2);
    const row = board.rows[Number(index)];
    const change = row?.changes.find((one) => String(one.version) === line?.dataset.v);
    if (row === undefined || change === undefined || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    board.change({ change: changeName(row, change) });
  });
}
