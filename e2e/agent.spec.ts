import type { Page } from '@playwright/test';
import { expectAccessible, expectGood, noteJumps } from './accessible.ts';
import { expect, test } from './demo-page.ts';
import { builtDemo, serve } from './static-server.ts';

/** What there is to see and press on the agent's page. */
class AgentPage {
  readonly start;
  readonly crash;
  readonly recover;
  readonly approve;
  readonly refuse;
  readonly startAgain;
  readonly sentence;
  readonly wakeUp;

  constructor(readonly page: Page) {
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    this.start = button('Start');
    this.crash = button('Crash');
    this.recover = button('Recover');
    this.approve = button('Approve');
    this.refuse = button('Refuse');
    this.startAgain = button('Start again');
    this.sentence = page.locator('#sentence');
    this.wakeUp = page.locator('#wake-up');
  }

  step(key: string) {
    return this.page.locator('.event', { has: this.page.getByText(key, { exact: true }) });
  }

  async crashIn(key: string): Promise<void> {
    await expect(this.step(key)).toContainText('running');
    await this.crash.click();
    await expect(this.sentence).toHaveText(`Crashed in ${key}: the Worker was ended without a warning.`);
    await expect(this.step(key)).toContainText('interrupted');
  }

  async expectWokenUp(key: string, recorded: string): Promise<void> {
    await expect(this.wakeUp).toHaveText(`Woke up in ${key}: ${recorded} not executed again.`);
  }

  async expectFigures(figures: { recorded: number; done: number }): Promise<void> {
    for (const [name, figure] of Object.entries({ ...figures, twice: 0 }))
      await expect(this.page.locator(`#fact-${name}`)).toHaveText(String(figure));
  }
}

/** The steps in their order, and those that the servers have carried out. */
const STEPS = [
  'ask#1',
  'search trains#1',
  'ask#2',
  'approval#1',
  'book ticket#1',
  'ask#3',
  'send mail#1',
  'ask#4',
];
const CARRIED_OUT = STEPS.filter((key) => key !== 'approval#1');

test('crashed in steps, in a wait and by reloads, it does each thing once', async ({ page }) => {
  const agent = new AgentPage(page);
  await page.goto('/agent.html');
  await agent.start.click();
  await agent.crashIn('ask#1');
  // The server has not crashed: the effect happens, and nobody is there to record it.
  await expect(agent.step('ask#1')).toContainText('1 call, done once');
  await agent.recover.click();
  await agent.expectWokenUp('ask#1', '0 recorded steps are');
  await expect(agent.step('ask#1')).toContainText('2 attempts, 1 interrupted');
  await expect(agent.step('ask#1')).toContainText('2 calls, done once');

  const search = agent.step('search trains#1');
  await expect(search).toContainText(/attempt 2 at \d\d:\d\d:\d\d/);
  await expect(search).toContainText('The timetable does not answer.');
  await page.reload();
  await agent.expectWokenUp('search trains#1', '1 recorded step is');
  await expect(search).toContainText('3 attempts, 2 failed');
  await expect(search).toContainText('3 calls, done once');

  await expect(agent.sentence).toHaveText('The agent asks: May I book the 9:02 for 38 francs?');
  await expect(agent.step('approval#1')).toContainText('waits for you');
  await page.reload();
  await agent.expectWokenUp('approval#1', '3 recorded steps are');
  await agent.approve.click();
  await expect(agent.step('approval#1')).toContainText('You approved.');
  await agent.crashIn('book ticket#1');
  await agent.recover.click();

  await expect(agent.sentence).toHaveText('Finished. The 9:02 to Bern is booked, and Ann knows.');
  await expect(page.locator('.event-name')).toHaveText(STEPS);
  for (const key of CARRIED_OUT) await expect(agent.step(key)).toContainText('done once');
  await agent.expectFigures({ recorded: STEPS.length, done: CARRIED_OUT.length });
  await page.reload();
  await expect(agent.sentence).toHaveText('Finished. The 9:02 to Bern is booked, and Ann knows.');
  await expect(agent.crash).toBeHidden();
});

test('a second tab follows, answers, and goes on when the first one is gone', async ({ page, context }) => {
  const agent = new AgentPage(page);
  await page.goto('/agent.html');
  await agent.start.click();
  await expect(agent.step('ask#1')).toBeVisible();
  const other = new AgentPage(await context.newPage());
  await other.page.goto('/agent.html');
  await expect(other.sentence).toHaveText('Another tab executes the agent.');
  await other.refuse.click();
  await expect(agent.step('approval#1')).toContainText('You refused.');
  await page.close();
  await expect(other.sentence).toHaveText('Finished. You refused: nothing is booked.');
  await other.expectFigures({ recorded: 5, done: 4 });

  await other.startAgain.click();
  await other.page.getByRole('button', { name: 'Delete it' }).click();
  await expect(other.start).toBeVisible();
  await other.expectFigures({ recorded: 0, done: 0 });
});

test('the two pages link to each other, and both are there offline', async ({ page }) => {
  const server = await serve(await builtDemo());
  await page.goto(server.url);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await server.close();
  await page.getByRole('link', { name: 'Agent', exact: true }).click();
  await expect(page).toHaveTitle('rewake: an agent that survives a crash');
  await new AgentPage(page).start.click();
  await expect(new AgentPage(page).step('ask#1')).toContainText('recorded');
  await page.getByRole('link', { name: 'Import', exact: true }).click();
  await expect(page).toHaveTitle('rewake: an import that survives a crash');
});

test('the keyboard is enough for the agent', { tag: '@chromium' }, async ({ page }) => {
  const agent = new AgentPage(page);
  await page.goto('/agent.html');
  await expect(agent.start).toBeVisible();
  for (const name of ['Import', 'Agent']) {
    await page.keyboard.press('Tab');
    await expect(page.getByRole('link', { name, exact: true })).toBeFocused();
  }
  await page.keyboard.press('Tab');
  await expect(agent.start).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(agent.crash).toBeFocused();
  await expect(agent.step('ask#1')).toContainText('running');
  await page.keyboard.press('Enter');
  await expect(agent.recover).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(agent.crash).toBeFocused();
  await expect(agent.approve).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(agent.startAgain).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Keep it' })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  await expect(agent.approve).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(agent.crash).toBeFocused();
  await expect(agent.sentence).toContainText('Finished.');
  await expect(agent.startAgain).toBeFocused();
});

for (const width of [390, 1280]) {
  test(`the agent is good to look at, ${width} px`, { tag: '@chromium' }, async ({ page }, testInfo) => {
    await page.setViewportSize({ width, height: 900 });
    await noteJumps(page);
    const check = (name: string) => expectGood(page, (file) => testInfo.outputPath(file), name);
    const agent = new AgentPage(page);
    await page.goto('/agent.html');
    await expect(agent.start).toBeVisible();
    await check('empty');
    await agent.start.click();
    // In a step that does not fail by itself.
    await agent.crashIn('ask#2');
    await check('crashed');
    await page.reload();
    await agent.expectWokenUp('ask#2', '2 recorded steps are');
    await expect(agent.approve).toBeVisible();
    await check('waits for you');
    await agent.approve.click();
    await expect(agent.sentence).toContainText('Finished.');
    await check('finished');
  });
}
