package app.manyhands.live

import android.content.Intent
import android.os.Bundle
import android.view.HapticFeedbackConstants
import android.view.SurfaceHolder
import android.view.SurfaceView
import android.view.View
import android.view.WindowManager
import android.widget.EditText
import android.widget.Switch
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.app
import app.manyhands.home.WelcomeScreen
import app.manyhands.invite.InviteScreen
import app.manyhands.look.Screen
import app.manyhands.look.onTap
import app.manyhands.look.shown
import app.manyhands.look.view

/** S2, S3 and S5: one screen, so that the camera's picture never goes away between them. */
class LiveScreen :
    Screen(dark = true),
    SurfaceHolder.Callback {
    private val preview by lazy { PreviewPart(this, words) }
    private val live by lazy { LivePart(this, words) }
    private val ended by lazy { EndedPart(this, words) }
    internal val touch by lazy { PictureTouch(this, view(R.id.picture), view(R.id.focus_ring), app.live) }
    private var turnsAtStart = 0
    private var phase: Phase? = null
    private var microphone: Microphone? = null
    private var lost = false

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        if (!app.settings.agreed) {
            startActivity(Intent(this, WelcomeScreen::class.java))
            finish()
            return
        }
        setContentView(R.layout.live)
        clearOfBars(view(R.id.controls))
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        app.live.preview()
        view<SurfaceView>(R.id.picture).holder.addCallback(this)
        touch.listen(over = view(R.id.actions))
        connect()
        view<EditText>(R.id.title_field).setText(
            app.live.state.value.title
                .ifEmpty { getString(R.string.title_default, words.day(app.parts.unixMs())) },
        )
        showEnd(saved?.getBoolean(ASKS_END) == true)
        show(app.live.state, ::draw)
    }

    private fun connect() {
        view<View>(R.id.close_preview).onTap(::leave)
        view<View>(R.id.go_live).onTap { goLive(false) }
        view<View>(R.id.cancel).onTap(app.live::cancel)
        view<Switch>(R.id.home).setOnClickListener { app.home.say((it as Switch).isChecked) }
        view<Switch>(R.id.pause_when_left).setOnClickListener {
            app.settings.pauseWhenLeft((it as Switch).isChecked)
        }
        view<View>(R.id.roaming_go_on).onTap { goLive(true) }
        view<View>(R.id.roaming_not_now).onTap(app.live::cancel)
        view<View>(R.id.flip).onTap(app.live::flip)
        view<View>(R.id.torch).onTap { app.live.torch(app.live.state.value.torchOn != true) }
        view<View>(R.id.zoom_in).onTap { app.live.zoom(app.live.state.value.zoom * ZOOM_STEP) }
        view<View>(R.id.zoom_out).onTap { app.live.zoom(app.live.state.value.zoom / ZOOM_STEP) }
        view<View>(R.id.microphone).onTap { app.live.microphone(!app.live.state.value.microphoneOn) }
        view<View>(R.id.camera).onTap { app.live.camera(!app.live.state.value.cameraSent) }
        view<View>(R.id.invite).onTap { startActivity(Intent(this, InviteScreen::class.java)) }
        view<View>(R.id.end).onTap { showEnd(true) }
        view<View>(R.id.keep_going).onTap { showEnd(false) }
        view<View>(R.id.end_broadcast).onTap(app.live::end)
        view<View>(R.id.erase).onTap(::erase)
        view<View>(R.id.banner_action).onTap { act(notice(app.live.state.value)) }
        view<View>(R.id.done).onTap(::leave)
        view<View>(R.id.again).onTap(app.live::preview)
        onBack(::back)
    }

    private fun act(notice: Notice?) {
        when (notice) {
            Notice.MOBILE_DATA -> app.live.mobileDataRead()
            Notice.CAMERA_TAKEN, Notice.CAMERA_GAVE_UP -> app.live.reopen()
            else -> showEnd(true)
        }
    }

    private fun turns() = checkNotNull(display()).rotation

    @Suppress("DEPRECATION") // What replaces it begins with Android 11.
    private fun display() = windowManager.defaultDisplay

    private fun goLive(roamingAccepted: Boolean) {
        turnsAtStart = turns()
        app.live.goLive(view<EditText>(R.id.title_field).text.toString(), turnsAtStart, roamingAccepted)
    }

    /** Back never ends a broadcast by itself. */
    private fun back() {
        val asked = view<View>(R.id.end_sheet).isShown
        if (app.live.state.value.phase == Phase.LIVE) showEnd(!asked) else leave()
    }

    private fun showEnd(asked: Boolean) = view<View>(R.id.end_sheet).shown(asked)

    private fun leave() {
        app.live.close()
        finish()
    }

    private fun erase() {
        app.live.stopAndErase()
        view<View>(R.id.controls).announceForAccessibility(getString(R.string.stopped))
        finish()
    }

    override fun onConfigurationChanged(next: android.content.res.Configuration) {
        super.onConfigurationChanged(next)
        live.turned()
        if (app.live.state.value.phase == Phase.LIVE) app.live.turned(bars = (turns() - turnsAtStart) % 2 != 0)
    }

    internal fun draw(state: LiveState) {
        preview.draw(state)
        live.draw(state)
        ended.draw(state)
        if (state.phase != Phase.LIVE) showEnd(false)
        announce(state)
        if (state.phase == Phase.CLOSED && phase != null) finish()
        phase = state.phase
        microphone = state.microphone
        lost = state.isLost
    }

    /** What interrupts a screen reader: live, not live any more, connection lost, the microphone. */
    private fun announce(state: LiveState) {
        val root = view<View>(R.id.controls)
        if (state.phase == Phase.LIVE && phase != Phase.LIVE) {
            root.performHapticFeedback(HapticFeedbackConstants.LONG_PRESS)
            root.announceForAccessibility(getString(R.string.you_are_live))
        }
        if (state.phase == Phase.ENDED && phase == Phase.LIVE) {
            root.performHapticFeedback(HapticFeedbackConstants.LONG_PRESS)
            root.announceForAccessibility(getString(R.string.not_live_any_more))
        }
        if (state.isLost && !lost) {
            root.performHapticFeedback(HapticFeedbackConstants.LONG_PRESS)
            root.announceForAccessibility(getString(R.string.reconnecting))
        }
        if (state.phase == Phase.LIVE && microphone != null && microphone != state.microphone) {
            root.announceForAccessibility(view<TextView>(R.id.muted).contentDescription)
        }
    }

    override fun surfaceCreated(holder: SurfaceHolder) = Unit

    override fun surfaceChanged(
        holder: SurfaceHolder,
        format: Int,
        width: Int,
        height: Int,
    ) = app.live.surface(holder.surface, width, height)

    override fun surfaceDestroyed(holder: SurfaceHolder) = app.live.surface(null)

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putBoolean(ASKS_END, view<View>(R.id.end_sheet).isShown)
    }

    /** A preview does not outlive its screen; a broadcast does. */
    override fun onStop() {
        super.onStop()
        if (!isChangingConfigurations && app.live.state.value.phase == Phase.PREVIEW && isFinishing) app.live.close()
    }

    private companion object {
        const val ASKS_END = "asks_end"

        /** Two taps bring it twice as near, and about. */
        const val ZOOM_STEP = 1.5f
    }
}
