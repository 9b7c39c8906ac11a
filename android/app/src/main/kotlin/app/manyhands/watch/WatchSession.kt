package app.manyhands.watch

import android.view.Surface
import app.manyhands.app.ManyhandsApp
import app.manyhands.core.Failure
import app.manyhands.core.Figures
import app.manyhands.core.Framing
import app.manyhands.core.Join
import app.manyhands.core.LendingLimits
import app.manyhands.core.LendingSetup
import app.manyhands.core.PlayState
import app.manyhands.core.SessionEvent
import app.manyhands.core.VideoUnit
import app.manyhands.core.givenSoFar
import app.manyhands.device.Multicast
import app.manyhands.live.Phase
import app.manyhands.media.DecoderTrouble
import app.manyhands.media.Renderer
import app.manyhands.stream.Watching
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** What is watched, from the link to the end. It outlives screens. Main thread. */
class WatchSession(
    private val app: ManyhandsApp,
) {
    private val shown = MutableStateFlow(WatchState(why = null))
    private val play = MutableStateFlow(PlayState.FOREGROUND)
    private val multicast = Multicast(app)
    private val focus = Focus(app, ::pause, ::toLive, ::duck)
    private var renderer: Renderer? = null
    private var watching: Watching? = null
    private var work: Job? = null
    private var surface: Surface? = null
    private var whySinceMs = 0L
    private var pausedAtMs = 0L

    /** What the core says; nothing while the picture plays. */
    private var coreWhy: Why? = null

    /** All that screens, the service and the notification show. */
    val state: StateFlow<WatchState> = shown.asStateFlow()

    init {
        app.scope.launch {
            combine(app.device.reports, app.live.state, play) { report, live, play ->
                report.forCore(live.phase == Phase.LIVE, play)
            }.collect { device ->
                watching?.setDevice(device)
                // The reason is to show within a second.
                watching?.figures()?.let(::onFigures)
            }
        }
        app.scope.launch { app.home.isHome.collect { watching?.setLocal(it) } }
        app.scope.launch { app.device.moves.collect { watching?.networkChanged() } }
    }

    /** Opens a link; the one that is watched is left as it is. */
    fun open(link: String) {
        if (link == shown.value.link && watching != null) return
        close()
        shown.value = WatchState(link = link, lend = shown.value.lend.copy(limits = app.settings.lending))
        tell(Why.JOINING)
        work = app.scope.launch { join(link) }
    }

    /** Tries the same link again. */
    fun retry() {
        val link = shown.value.link ?: return
        close()
        open(link)
    }

    private suspend fun join(link: String) {
        val lending = LendingSetup(app.settings.lending, device(), app.settings.ledger)
        val (listen, dht) = app.parts.endpoint
        val home = app.home.isHome.value
        val options = Join(link, Framing.START_CODES, lending = lending, listen = listen, local = home, dht = dht)
        val joined =
            try {
                // Not to be cut off half way: what came to life has to be closed again.
                withContext(NonCancellable + app.parts.aside) { Watching.join(options) }
            } catch (failure: Failure) {
                fail(failure)
                return
            }
        if (currentCoroutineContext().isActive) follow(joined) else joined.close()
    }

    private suspend fun follow(joined: Watching) =
        coroutineScope {
            watching = joined
            focus.hold()
            val player = app.parts.renderer()
            renderer = player
            player.onTrouble = ::onDecoder
            player.surface(surface)
            launch { collecting { joined.pictures.collect { onPicture(it, player) } } }
            launch { collecting { joined.sounds.collect(player::sound) } }
            launch { collecting { joined.events.collect(::onEvent) } }
            // What the device reported while it was joining.
            launch { joined.setDevice(device()) }
            launch { joined.setLocal(app.home.isHome.value) }
            keepFigures(joined)
        }

    private fun device() =
        app.device.reports.value
            .forCore(app.live.state.value.phase == Phase.LIVE, play.value)

    private suspend fun collecting(collect: suspend () -> Unit) {
        try {
            collect()
        } catch (failure: Failure) {
            fail(failure)
        }
    }

    private fun onPicture(
        unit: VideoUnit,
        player: Renderer,
    ) {
        player.picture(unit)
        val format = unit.format
        if (format != null) shown.update { it.copy(aspect = aspect(format)) }
        if (!shown.value.hasPicture) shown.update { it.copy(hasPicture = true) }
    }

    private suspend fun keepFigures(joined: Watching) {
        while (true) {
            joined.figures()?.let(::onFigures)
            explain()
            delay(REFRESH_MS)
        }
    }

    private fun onFigures(figures: Figures) =
        shown.update {
            it.copy(
                title = watching?.title.orEmpty(),
                latencyMs = figures.latencyMs,
                behindMs = figures.behindMs,
                viewers = figures.viewers.toLong(),
                lend = it.lend.with(figures),
                bytesAMinute =
                    figures.receivedPerMinute?.toLong()?.takeIf {
                        app.device.reports.value.network.metered ==
                            true
                    },
            )
        }

    private fun onEvent(event: SessionEvent) {
        when (event) {
            is SessionEvent.State -> tell(why(event.state))
            is SessionEvent.Ended -> onEnded(event)
            is SessionEvent.Stalled -> shown.update { it.copy(trouble = PictureTrouble.CATCHING_UP) }
            is SessionEvent.Resumed -> shown.update { it.copy(trouble = null) }
            is SessionEvent.LocalNetwork -> multicast.let(event.used)
            else -> return
        }
    }

    private fun onEnded(event: SessionEvent.Ended) {
        shown.update { it.copy(ranS = (event.ranMs?.toLong() ?: 0) / SECOND_MS) }
        tell(why(event.reason))
    }

    private fun onDecoder(trouble: DecoderTrouble?) =
        shown.update {
            val words = mapOf(DecoderTrouble.RESTARTING to PictureTrouble.DECODER)
            it.copy(trouble = trouble?.let { kind -> words[kind] ?: PictureTrouble.DECODER_GAVE_UP })
        }

    private fun fail(failure: Failure) {
        val why = why(failure)
        if (shown.value.why?.isEnd == true) return
        shown.update { it.copy(message = failure.message) }
        tell(why)
    }

    private fun tell(why: Why?) {
        if (why != coreWhy) whySinceMs = app.parts.elapsedMs()
        coreWhy = why
        explain()
    }

    /** The core's word, and for how long it has been so. */
    private fun explain() {
        val why = lasting(coreWhy, app.parts.elapsedMs() - whySinceMs)
        if (why == Why.REVOKED) forget()
        shown.update { it.copy(why = why) }
    }

    /** Nothing of a picture that was taken back stays. */
    private fun forget() {
        renderer?.close()
        renderer = null
        shown.update { it.copy(hasPicture = false) }
    }

    /** Where the picture is shown; nothing while it can't be seen. */
    fun surface(surface: Surface?) {
        this.surface = surface
        renderer?.surface(surface)
    }

    /** Stands still. The core keeps what comes for a while. */
    fun pause() = paused(true) { setPaused(true) }

    /** Goes on where it stood, that much behind live. */
    fun play() {
        if (app.parts.elapsedMs() - pausedAtMs < KEPT_MS) paused(false) { setPaused(false) } else toLive()
    }

    /** Goes on, if it stood, and to what is live. */
    fun toLive() = paused(false) { goLive() }

    /** Left while paused or without a picture: nothing runs. Played again, it is joined anew. */
    fun rest() {
        if (watching == null) return
        leave()
        focus.release()
        coreWhy = null
        shown.update { it.copy(why = null, paused = true, hasPicture = false) }
    }

    private fun paused(
        paused: Boolean,
        how: suspend Watching.() -> Unit,
    ) {
        val session = watching ?: return if (paused) Unit else retry()
        if (paused) pausedAtMs = app.parts.elapsedMs()
        play.value = if (paused) PlayState.IDLE else PlayState.FOREGROUND
        renderer?.flush()
        shown.update { it.copy(paused = paused) }
        app.scope.launch { session.how() }
    }

    fun sound(on: Boolean) {
        renderer?.volume(if (on) 1f else 0f)
        shown.update { it.copy(soundOn = on) }
    }

    /** Quieter for a moment, while something else is heard. */
    fun duck(ducked: Boolean) {
        val own = if (shown.value.soundOn) 1f else 0f
        renderer?.volume(if (ducked) own * DUCKED else own)
    }

    /** In front, in a small picture or as sound, or not at all. */
    fun place(place: PlayState) {
        if (!shown.value.paused) play.value = place
    }

    /** Changes what may be given; the row follows when the core confirms. */
    fun lending(limits: LendingLimits) {
        app.settings.lending = limits
        shown.update { it.copy(lend = it.lend.copy(limits = limits)) }
        app.scope.launch {
            watching?.setLending(limits)
            watching?.figures()?.let(::onFigures)
        }
    }

    /** Reads again what may be given and, while nothing is watched, what was. */
    fun refresh() {
        shown.update { it.copy(lend = it.lend.copy(limits = app.settings.lending)) }
        if (watching != null) return
        app.scope.launch {
            val given = withContext(app.parts.aside) { givenSoFar(app.settings.ledger, device().utcOffsetS) }
            if (watching == null) shown.update { it.copy(lend = it.lend.with(given)) }
        }
    }

    /** Leaves; nothing of it goes on. */
    fun close() {
        leave()
        focus.release()
        coreWhy = null
        play.value = PlayState.FOREGROUND
        shown.value = WatchState(why = null, lend = shown.value.lend.copy(reason = null))
    }

    private fun leave() {
        work?.cancel()
        work = null
        watching?.close()
        watching = null
        multicast.let(false)
        renderer?.close()
        renderer = null
    }

    private companion object {
        const val SECOND_MS = 1_000L

        /** What holds lending back is to be read within a second (B34). */
        const val REFRESH_MS = 500L

        /** As long as the core keeps what comes; after that only what is live is left. */
        const val KEPT_MS = 20_000L
        const val DUCKED = 0.2f
    }
}
