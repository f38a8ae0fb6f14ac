"""Measurements: engines speak one after the other or staggered, and the audio is evaluated."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from statistics import median
import sys

import aiohttp

from tests.e2e.instance import ApiError

from . import texts
from .bench import Bench, Engine
from .player import Chunk, Playback, Unheard, play
from .process import Cpu, cpu, forget_peak, memory
from .results import Crowd, Idle, Results, Run
from .scenarios import FLAC_48000, MP3, WAV, WAV_16000, Form, Scenario, Step, Timing, complete, written

SETTLE = 0.1
"""Seconds to wait until cancelled speech and closed connections have ended."""

HEARKEN = 0.4
"""Seconds of audio to read if only its start is measured."""

APART = 1.5
"""Seconds between the engines if they speak at the same time."""

MOST_SECONDS = 120.0
IDLE_SECONDS = 10.0
CROWD = 20
CROWDS = (("twenty", MP3), ("twenty", WAV_16000), ("twenty", FLAC_48000), ("twenty_written", WAV_16000))
MINUTE = 60.0
"""Seconds between two crowds if a service documents a rate limit, which our engines respect."""

PLAYERS = (MP3, MP3, WAV_16000, WAV_16000, FLAC_48000)


class Measurement:
    """Runs scenarios and collects the results."""

    def __init__(self, bench: Bench, results: Results) -> None:
        """Set the bench and the results to fill."""
        self._bench = bench
        self._results = results
        self._numbers: Counter[str] = Counter()
        self._timing = Timing()

    async def warm_up(self) -> None:
        """Let every engine speak in every format once, and measure the idle Home Assistant."""
        for form in (WAV, MP3, WAV_16000, FLAC_48000):
            for engine in self._bench.engines:
                await self._say(engine, form, [(0.0, texts.announcement(self._next(engine)))], whole=True)
        await self._bench.forget()
        await asyncio.sleep(1)
        pid = self._bench.instance.pid
        before = cpu(pid)
        await self._bench.client.ask("benchmark_tools/watch")
        await asyncio.sleep(IDLE_SECONDS)
        late = await self._bench.client.ask("benchmark_tools/watched")
        self._results.idle = Idle(
            cpu=(cpu(pid) - before).own / IDLE_SECONDS,
            late_p50=late["p50"],
            late_p99=late["p99"],
            memory=memory(pid)[0],
        )

    async def scenario(self, scenario: Scenario, runs: int | None = None) -> None:
        """Measure a scenario in all formats; engines alternate."""
        await self._behave(scenario.timing)
        for form in scenario.forms:
            for warm in scenario.warmths:
                for _ in range(runs or scenario.runs):
                    await self._round(scenario, form, warm=warm)
                self._tell(f"{scenario.title}, {form.name}, {'warm' if warm else 'cold'}")
                await self._bench.forget()
        await self._behave(Timing())

    async def again(self) -> None:
        """Repeat a phrase: by the same engine, and as an answer, which Home Assistant doesn't cache."""
        for name, streamed in (("again", False), ("again_answer", True)):
            for form in (MP3, WAV):
                for _ in range(2):
                    for engine in self._bench.engines:
                        steps = [(0.0, texts.announcement(self._next(engine)))]
                        await self._say(engine, form, steps, whole=True)
                        await self._bench.forget()
                        await asyncio.sleep(SETTLE)
                        run = partial(self._run, engine, form, steps, complete=not streamed, whole=True)
                        self._results.runs.append(await run(name=name, warm=True, limit=0.0))
            self._tell(name)

    async def five_players(self) -> None:
        """Play one announcement on five players with three formats."""
        for _ in range(3):
            for engine in self._bench.engines:
                steps = [(0.0, texts.announcement(self._next(engine)))]
                await self._bench.hang_up(engine)
                await asyncio.sleep(SETTLE)
                before = await self._bench.spoken(engine)
                limit = self._timing.connect + self._timing.first_byte
                heard = await asyncio.gather(*(self._say(engine, form, steps, whole=True) for form in PLAYERS))
                requests = (await self._bench.spoken(engine)).requests - before.requests
                for form, (chunks, error) in zip(PLAYERS, heard, strict=True):
                    run = await self._heard(chunks, form, error)
                    self._results.runs.append(
                        _run(run, "five_players", form.name, engine.name, limit=limit, warm=False, requests=requests)
                    )
        self._tell("five players")
        await self._bench.forget()

    async def crowd(self, *, runs: int = 1) -> None:
        """Let an engine speak twenty messages at once, streamed and complete."""
        for name, form in CROWDS:
            if name == "twenty_written":
                await asyncio.sleep(MINUTE)
            is_complete = name == "twenty"
            script = (complete if is_complete else written)(texts.short_paragraph)
            for _ in range(runs):
                for engine in self._bench.engines:
                    scripts = [script(self._next(engine)) for _ in range(CROWD)]
                    try:
                        crowd = await self._crowd(name, engine, form, scripts, complete=is_complete)
                    except Unheard as error:
                        self._results.log.append(str(error))
                        continue
                    self._results.crowds.append(crowd)
                    await self._bench.forget()
            self._tell(f"{name}, {form.name}")

    async def _crowd(
        self, name: str, engine: Engine, form: Form, scripts: Sequence[Sequence[Step]], *, complete: bool
    ) -> Crowd:
        pid, loop = self._bench.instance.pid, asyncio.get_running_loop()
        await self._warm(engine)
        await asyncio.sleep(SETTLE)
        asked = await self._bench.spoken(engine)
        forget_peak(pid)
        had = memory(pid)[0]
        before, began = cpu(pid), loop.time()
        await self._bench.client.ask("benchmark_tools/watch")
        heard = await asyncio.gather(
            *(self._say(engine, form, steps, whole=True, complete=complete) for steps in scripts)
        )
        late = await self._bench.client.ask("benchmark_tools/watched")
        used, lasted, most = cpu(pid) - before, loop.time() - began, memory(pid)[1]
        requests = (await self._bench.spoken(engine)).requests - asked.requests
        played = [
            playback for chunks, error in heard if (playback := await self._heard(chunks, form, error)) is not None
        ]
        if not played:
            raise Unheard(f"{engine.name} said nothing in {name}: {heard[0][1]}")
        seconds = sum(playback.seconds for playback in played)
        own = max(0.0, used.own - lasted * (self._results.idle.cpu if self._results.idle else 0.0))
        return Crowd(
            scenario=name,
            form=form.name,
            engine=engine.name,
            utterances=len(played),
            first=median(playback.first for playback in played),
            last_first=max(playback.first for playback in played),
            stalls=sum(len(playback.stalls) for playback in played),
            seconds=seconds,
            requests=requests,
            cpu=own / seconds,
            cpu_with_converters=(own + used.children) / seconds,
            late_p50=late["p50"],
            late_p99=late["p99"],
            late_most=late["most"],
            memory=most - had,
        )

    async def _round(self, scenario: Scenario, form: Form, *, warm: bool) -> None:
        """Measure all engines once."""
        if not scenario.whole:
            for engine in self._bench.engines:
                self._results.runs.append(await self._prepared(scenario, engine, form, warm=warm))
            return

        async def apart(number: int, engine: Engine) -> Run:
            await asyncio.sleep(APART * number)
            return await self._prepared(scenario, engine, form, warm=warm)

        async with asyncio.TaskGroup() as tasks:
            speaking = [tasks.create_task(apart(number, each)) for number, each in enumerate(self._bench.engines)]
        self._results.runs.extend(task.result() for task in speaking)

    async def _prepared(self, scenario: Scenario, engine: Engine, form: Form, *, warm: bool) -> Run:
        """Close or open the connection, and measure one utterance."""
        if warm:
            await self._warm(engine)
        else:
            await self._bench.hang_up(engine)
        await asyncio.sleep(SETTLE)
        steps = scenario.script(self._next(engine))
        limit = scenario.clause_at(steps) + scenario.timing.first_byte + (0.0 if warm else scenario.timing.connect)
        whole = scenario.whole or scenario.name.startswith("announcement")
        return await self._run(
            engine, form, steps, name=scenario.name, limit=limit, warm=warm, complete=scenario.complete, whole=whole,
            ahead=scenario.ahead, alone=not scenario.whole,
        )  # fmt: skip

    async def _run(
        self, engine: Engine, form: Form, steps: Sequence[Step], *, name: str, limit: float, warm: bool, complete: bool,
        whole: bool, ahead: float = 0.0, alone: bool = True,
    ) -> Run:  # fmt: skip
        pid = self._bench.instance.pid
        asked, before, began = await self._bench.spoken(engine), cpu(pid), asyncio.get_running_loop().time()
        chunks, error = await self._say(engine, form, steps, whole=whole, complete=complete, ahead=ahead)
        used = cpu(pid) - before if complete and whole and alone else None
        idle = self._results.idle.cpu if self._results.idle else 0.0
        lasted = asyncio.get_running_loop().time() - began
        if not whole:
            await self._bench.hush(engine)
        requests = (await self._bench.spoken(engine)).requests - asked.requests
        playback = await self._heard(chunks, form, error)
        return _run(
            playback, name, form.name, engine.name, limit=limit, warm=warm, requests=requests, error=error,
            cpu=_net(used, idle * lasted),
        )  # fmt: skip

    async def _say(
        self,
        engine: Engine,
        form: Form,
        steps: Sequence[Step],
        *,
        whole: bool,
        complete: bool = True,
        ahead: float = 0.0,
    ) -> tuple[list[Chunk], str]:
        """Let an engine speak; return the audio and the errors."""
        try:
            async with asyncio.timeout(MOST_SECONDS):
                url, begins = await self._bench.speak(engine, form, steps, complete=complete, ahead=ahead)
                return await self._bench.hear(url, begins, seconds=None if whole else HEARKEN), ""
        except (aiohttp.ClientError, ApiError, TimeoutError) as error:
            return [], type(error).__name__

    async def _heard(self, chunks: list[Chunk], form: Form, error: str) -> Playback | None:
        if error:
            return None
        try:
            return await asyncio.to_thread(play, chunks, form.extension)
        except Unheard as unheard:
            print(unheard, file=sys.stderr)
            return None

    async def _warm(self, engine: Engine) -> None:
        """Let an engine say a word, so that it has an open connection if it keeps any."""
        await self._say(engine, WAV, [(0.0, texts.greeting(self._next(engine)))], whole=True)

    async def _behave(self, timing: Timing) -> None:
        if timing != self._timing:
            await self._bench.behave(timing)
            self._timing = timing

    def _next(self, engine: Engine) -> int:
        """Return a number that this engine hasn't used for a text."""
        self._numbers[engine.name] += 1
        return self._numbers[engine.name]

    def _tell(self, what: str) -> None:
        print(f"  {what}", file=sys.stderr, flush=True)


def _net(used: Cpu | None, idle: float) -> float | None:
    """Return the CPU time of an utterance, including converters."""
    return None if used is None else used.own + used.children - idle


def _run(
    playback: Playback | None, scenario: str, form: str, engine: str, *, limit: float, warm: bool, requests: int,
    error: str = "", cpu: float | None = None,
) -> Run:  # fmt: skip
    """Return a run with the results from its audio."""
    if playback is None:
        return Run(
            scenario=scenario, form=form, warm=warm, engine=engine, limit=limit, first=None, requests=requests,
            error=error or "nothing to hear",
        )  # fmt: skip
    return Run(
        scenario=scenario,
        form=form,
        warm=warm,
        engine=engine,
        limit=limit,
        first=playback.first,
        stalls=len(playback.stalls),
        stalled=sum(playback.stalls),
        seconds=playback.seconds,
        silence=playback.silence,
        requests=requests,
        cpu=cpu,
    )
