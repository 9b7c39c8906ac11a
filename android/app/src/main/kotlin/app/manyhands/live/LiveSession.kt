package app.manyhands.live

import android.Manifest.permission.CAMERA
import android.Manifest.permission.RECORD_AUDIO
import android.view.Surface
import app.manyhands.app.ManyhandsApp
import app.manyhands.app.beginService
import app.manyhands.app.endService
import app.manyhands.app.may
import app.manyhands.core.EncoderTarget
import app.manyhands.core.Failure
import app.manyhands.core.Figures
import app.manyhands.core.PlayState
import app.manyhands.core.SessionEvent
import app.manyhands.device.DeviceReport
import app.manyhands.device.Multicast
import app.manyhands.media.CameraTrouble
import app.manyhands.media.Capture
import app.manyhands.media.Quality
import app.manyhands.media.Spot
import app.manyhands.media.held
import app.manyhands.media.settings
import app.manyhands.stream.Broadcasting
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * The broadcast of this phone: its preview, what is live, its end. It outlives screens. Main thread.
 *
 * Invariant: nothing is encoded, so nothing can leave, but in phase LIVE.
 */
class LiveSession(
    private val app: ManyhandsApp,
) {
    private val shown = MutableStateFlow(LiveState())
    private var capture: Capture? = null
    private var broadcasting: Broadcasting? = null
    private var running: Job? = null
    private var goingLive: Job? = null
    private var startedMs = 0L
    private val battery = BatteryLevels()
    private val multicast = Multicast(app)

    /** All that screens, the service and the notification show. */
    val state: StateFlow<LiveState> = shown.asStateFlow()

    init {
        app.scope.launch { app.device.reports.collect(::onDevice) }
        app.scope.launch {
            app.home.isHome.collect { home ->
                shown.update { it.copy(home = home) }
                broadcasting?.setLocal(home)
            }
        }
        app.scope.launch {
            app.settings.pausesWhenLeft.collect { pauses ->
                shown.update { it.copy(pausesWhenLeft = pauses) }
                applySwitches()
            }
        }
        app.scope.launch {
            app.front.isFront.collect { front ->
                shown.update { it.copy(away = !front) }
                applySwitches()
            }
        }
        app.scope.launch { app.device.moves.collect { broadcasting?.networkChanged() } }
    }

    /** Shows the camera to the person alone. */
    fun preview() {
        if (shown.value.phase != Phase.CLOSED && shown.value.phase != Phase.ENDED) return
        // What is not allowed is off: viewers would wait for it.
        shown.value =
            LiveState(
                Phase.PREVIEW,
                device = app.device.reports.value,
                home = app.home.isHome.value,
                pausesWhenLeft = app.settings.pausesWhenLeft.value,
                away = !app.front.isFront.value,
                cameraOn = app.may(CAMERA),
                microphoneOn = app.may(RECORD_AUDIO),
            )
        capture =
            app.parts.capture(app).also {
                it.onCamera = ::onCamera
                it.open(shown.value.front)
            }
    }

    /** Where the preview is drawn. */
    fun surface(
        surface: Surface?,
        width: Int = 0,
        height: Int = 0,
    ) {
        capture?.preview(surface, width, height)
    }

    /** Asks first when it is roaming; [quarterTurns] is how the phone is held. */
    fun goLive(
        title: String,
        quarterTurns: Int,
        roamingAccepted: Boolean = false,
    ) {
        val now = shown.value
        if (!now.canGoLive) return
        if (now.device.network.roaming && !roamingAccepted) {
            shown.update { it.copy(asksRoaming = true, title = title) }
            return
        }
        shown.update { it.copy(phase = Phase.GOING_LIVE, title = title, asksRoaming = false, failure = null) }
        // Now the screen is in front; when it is live the app may have been left, and the system refuse it.
        app.beginService<LiveService>()
        goingLive = app.scope.launch { connect(title, quarterTurns) }
    }

    /** Back to the preview: not now. */
    fun cancel() {
        goingLive?.cancel()
        if (shown.value.phase == Phase.GOING_LIVE) {
            app.endService<LiveService>()
            shown.update { it.copy(phase = Phase.PREVIEW) }
        }
        shown.update { it.copy(asksRoaming = false) }
    }

    private suspend fun connect(
        title: String,
        quarterTurns: Int,
    ) {
        val start = app.channel.nextStart(app.parts.unixMs())
        val picture = Quality.CHOSEN.held(quarterTurns)
        val options =
            Feeding
                .options(title, app.channel.keys(), start, picture, device(), app.parts.endpoint)
                .copy(local = app.home.isHome.value)
        val live =
            try {
                // Not to be cut off half way: what came to life has to be closed again.
                withContext(NonCancellable + app.parts.aside) { Broadcasting.goLive(options) }
            } catch (failure: Failure) {
                // Who has taken it back does not care any more.
                if (currentCoroutineContext().isActive) {
                    cancel()
                    shown.update { it.copy(failure = failure.message) }
                }
                return
            }
        if (currentCoroutineContext().isActive) onLive(live, quarterTurns) else live.close()
    }

    private fun onLive(
        live: Broadcasting,
        quarterTurns: Int,
    ) {
        broadcasting = live
        startedMs = app.parts.elapsedMs()
        app.channel.link = live.link
        app.channel.seen(app.parts.unixMs())
        shown.update { it.copy(phase = Phase.LIVE, link = live.link) }
        capture?.start(Quality.CHOSEN.held(quarterTurns), quarterTurns, Feeding(live, ::wantKeyframe))
        applySwitches()
        // What the device reported while it went live.
        app.scope.launch { live.setDevice(device()) }
        app.scope.launch { live.setLocal(app.home.isHome.value) }
        running =
            app.scope.launch {
                launch { live.events.collect(::onEvent) }
                eachSecond(live)
            }
    }

    private fun device() = shown.value.device.forCore(live = true, play = PlayState.IDLE)

    /** What the core says: how it goes, and what the encoder should make. */
    private fun onEvent(event: SessionEvent) {
        when (event) {
            is SessionEvent.Health -> shown.update { it.copy(health = event.health) }
            is SessionEvent.Encode -> encode(event.target)
            is SessionEvent.LocalNetwork -> multicast.let(event.used)
            else -> return
        }
    }

    private fun encode(target: EncoderTarget) {
        shown.update { it.copy(tooHot = target.cameraOff) }
        applySwitches()
        if (!target.cameraOff) capture?.adapt(target.picture.settings())
    }

    private suspend fun eachSecond(live: Broadcasting) {
        while (true) {
            live.figures()?.let(::onFigures)
            app.channel.seen(app.parts.unixMs())
            delay(SECOND_MS)
        }
    }

    private fun onFigures(figures: Figures) =
        shown.update {
            it.copy(
                elapsedS = (app.parts.elapsedMs() - startedMs) / SECOND_MS,
                viewers = figures.viewers.toLong(),
                mostViewers = figures.viewersMax.toLong(),
                sentBytes = figures.sent.toLong(),
                bytesAMinute = figures.sentPerMinute.toLong(),
                health = figures.health,
                goodPercent = figures.goodPercent?.toInt(),
                mainCause = figures.mainCause,
            )
        }

    /** Ends it for everybody; the summary comes at once, the good-byes go out behind it. */
    fun end() {
        if (shown.value.phase != Phase.LIVE) return
        release()
        app.channel.ended()
        shown.update { it.copy(phase = Phase.ENDED) }
    }

    /** Ends it, and forgets link, keys and choices: as on the first day. */
    fun stopAndErase() {
        release()
        app.channel.erase()
        app.settings.erase()
        shown.value = LiveState()
    }

    /** Leaves preview or summary. */
    fun close() {
        if (shown.value.phase == Phase.LIVE) return
        cancel()
        release()
        shown.value = LiveState()
    }

    private fun release() {
        running?.cancel()
        capture?.close()
        capture = null
        broadcasting?.close()
        broadcasting = null
        multicast.let(false)
        app.endService<LiveService>()
    }

    fun microphone(on: Boolean) {
        shown.update { it.copy(microphoneOn = on && app.may(RECORD_AUDIO)) }
        applySwitches()
    }

    fun camera(on: Boolean) {
        shown.update { it.copy(cameraOn = on && app.may(CAMERA)) }
        applySwitches()
    }

    fun flip() {
        shown.update { it.copy(front = !it.front, torchOn = null, zoom = 1f, zoomMost = 1f) }
        capture?.open(shown.value.front)
    }

    /** Tries the camera again. */
    fun reopen() {
        capture?.open(shown.value.front)
    }

    fun torch(on: Boolean) {
        capture?.torch(on)
        shown.update { it.copy(torchOn = on) }
    }

    /** Brings the picture nearer, as far as the camera can. */
    fun zoom(factor: Float) {
        val zoom = factor.coerceIn(1f, shown.value.zoomMost)
        capture?.zoom(zoom)
        shown.update { it.copy(zoom = zoom) }
    }

    /** Makes sharp what is seen there. */
    fun focus(spot: Spot) {
        capture?.focus(spot)
    }

    /** How the phone is held now, against how it was when it went live. The hint comes once. */
    fun turned(bars: Boolean) =
        shown.update { it.copy(bars = bars && (it.bars || !it.barsTold), barsTold = it.barsTold || bars) }

    /** The notice about mobile data was read. */
    fun mobileDataRead() = shown.update { it.copy(nowMobile = false) }

    private fun onCamera(trouble: CameraTrouble?) =
        shown
            .update {
                val hasTorch = capture?.hasTorch == true
                it.copy(
                    cameraTrouble = trouble,
                    torchOn = if (hasTorch) it.torchOn ?: false else null,
                    zoomMost = capture?.zoomMost ?: 1f,
                )
            }.also {
                applySwitches()
                // A camera that comes back begins as new.
                if (trouble == null && shown.value.zoom > 1f) zoom(shown.value.zoom)
            }

    private fun onDevice(report: DeviceReport) {
        val before = shown.value
        val passed = report.power.percent?.let(battery::passed)
        val becameMobile = report.network.metered == true && before.device.network.metered == false
        shown.update {
            it.copy(
                device = report,
                nowMobile = it.phase == Phase.LIVE && (it.nowMobile || becameMobile),
                batteryPassed = if (report.power.charging) null else passed ?: it.batteryPassed,
            )
        }
        if (passed != null) app.scope.launch { forgetBattery(passed) }
        applySwitches()
        app.scope.launch { broadcasting?.setDevice(device()) }
    }

    private suspend fun forgetBattery(passed: Int) {
        delay(NOTICE_MS)
        shown.update { if (it.batteryPassed == passed) it.copy(batteryPassed = null) else it }
    }

    /** A call is never sent, and after it, or after a pause, microphone and camera come back as they were. */
    private fun applySwitches() {
        val now = shown.value
        capture?.microphone(now.microphone == Microphone.ON && !now.paused)
        capture?.camera(now.cameraSent && !now.paused)
        val onAir = onAir(now)
        app.scope.launch { broadcasting?.setOnAir(onAir) }
    }

    /** From an encoder's thread. */
    private fun wantKeyframe() {
        app.scope.launch(Dispatchers.Main) { capture?.keyframe() }
    }

    private companion object {
        const val SECOND_MS = 1_000L

        /** How long a notice without a button stays at least. */
        const val NOTICE_MS = 10_000L
    }
}
