package app.manyhands.watch

import android.app.PictureInPictureParams
import android.content.Intent
import android.content.res.Configuration
import android.os.Build
import android.os.Bundle
import android.provider.Settings
import android.util.Rational
import android.view.SurfaceHolder
import android.view.SurfaceView
import android.view.View
import android.view.WindowManager
import android.widget.ImageView
import android.widget.Switch
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.app
import app.manyhands.app.beginService
import app.manyhands.app.endService
import app.manyhands.core.PlayState
import app.manyhands.invite.share
import app.manyhands.lend.LendScreen
import app.manyhands.lend.switched
import app.manyhands.look.Screen
import app.manyhands.look.onTap
import app.manyhands.look.shown
import app.manyhands.look.view
import app.manyhands.open.OpenScreen

/** S6 and S7: a picture, and what is said when there is none. */
class WatchScreen :
    Screen(dark = true),
    SurfaceHolder.Callback {
    private val drawing by lazy { WatchPart(this, words) }
    private var full = false
    private var cardPutAway = false
    private var state = WatchState()

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        setContentView(R.layout.watch)
        clearOfBars(view(R.id.content))
        full = saved?.getBoolean(FULL) == true
        cardPutAway = saved?.getBoolean(PUT_AWAY) == true
        view<SurfaceView>(R.id.picture).holder.addCallback(this)
        connect()
        openFrom(intent)
        show(app.watch.state, ::draw)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        setIntent(intent)
        openFrom(intent)
    }

    /** The link as it came; what it may be the core decides. */
    private fun openFrom(intent: Intent) {
        intent.dataString?.let(app.watch::open)
    }

    private fun connect() {
        view<View>(R.id.back).onTap(::leave)
        view<View>(R.id.badge).onTap { if (state.behindS != null) app.watch.toLive() }
        view<View>(R.id.play).onTap { if (state.paused) app.watch.play() else app.watch.pause() }
        view<View>(R.id.small).onTap(::smallPicture)
        view<View>(R.id.full).onTap { showFull(!full) }
        view<View>(R.id.sound).onTap { app.watch.sound(!state.soundOn) }
        view<View>(R.id.share).onTap { state.link?.let(::share) }
        view<View>(R.id.lend_row).onTap { startActivity(Intent(this, LendScreen::class.java)) }
        view<Switch>(R.id.lend_switch).setOnClickListener {
            app.watch.lending(app.settings.lending.switched((it as Switch).isChecked))
        }
        view<View>(R.id.card_ok).onTap { app.watch.lending(app.settings.lending.copy(agreed = true)) }
        view<View>(R.id.card_more).onTap { startActivity(Intent(this, LendScreen::class.java)) }
        view<View>(R.id.card_close).onTap {
            cardPutAway = true
            draw(state)
        }
        view<View>(R.id.why_action).onTap { state.why?.let { act(explanation(it).action) } }
        onBack(::back)
    }

    private fun act(action: Action?) {
        when (action) {
            Action.TRY -> {
                app.watch.retry()
            }

            Action.SETTINGS -> {
                startActivity(Intent(Settings.ACTION_WIRELESS_SETTINGS))
            }

            Action.PASTE -> {
                startActivity(Intent(this, OpenScreen::class.java))
                leave()
            }

            Action.CLOSE -> {
                leave()
            }

            null -> {
                return
            }
        }
    }

    private fun back() = if (full) showFull(false) else leave()

    private fun leave() {
        endService<WatchService>()
        app.watch.close()
        finish()
    }

    private fun showFull(full: Boolean) {
        this.full = full
        draw(state)
    }

    internal fun draw(state: WatchState) {
        val said = announcement(this.state.why, state.why)
        if (said != null) view<View>(R.id.content).announceForAccessibility(getString(said))
        this.state = state
        val bare = isInPictureInPictureMode
        drawing.draw(state, full || bare, !cardPutAway && !bare)
        view<View>(R.id.over).shown(!bare)
        view<ImageView>(R.id.full).contentDescription =
            getString(if (full) R.string.leave_full_screen else R.string.full_screen)
        view<ImageView>(R.id.full)
            .setImageResource(if (full) R.drawable.ic_leave_full_screen else R.drawable.ic_full_screen)
        val keepsOn = state.playing
        if (keepsOn) {
            window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        } else {
            window.clearFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        }
        prepareSmall(state)
    }

    /** From Android 12 on the system makes the picture small by itself. */
    private fun prepareSmall(state: WatchState) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) {
            setPictureInPictureParams(
                PictureInPictureParams
                    .Builder()
                    .setAspectRatio(WIDE)
                    .setAutoEnterEnabled(state.playing)
                    .build(),
            )
        }
    }

    private fun smallPicture() {
        enterPictureInPictureMode(PictureInPictureParams.Builder().setAspectRatio(WIDE).build())
    }

    override fun onUserLeaveHint() {
        super.onUserLeaveHint()
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S && state.playing) smallPicture()
    }

    override fun onPictureInPictureModeChanged(
        small: Boolean,
        next: Configuration,
    ) {
        super.onPictureInPictureModeChanged(small, next)
        app.front.small(this, small)
        app.watch.place(if (small) PlayState.BACKGROUND else PlayState.FOREGROUND)
        draw(state)
    }

    override fun onStart() {
        super.onStart()
        if (!isInPictureInPictureMode) app.watch.place(PlayState.FOREGROUND)
        app.watch.refresh()
    }

    override fun onResume() {
        super.onResume()
        endService<WatchService>()
    }

    /** While it is still in front: from behind the system would refuse it. */
    override fun onPause() {
        super.onPause()
        if (app.watch.state.value.playing && !isFinishing && !isChangingConfigurations) beginService<WatchService>()
    }

    /** Left: a small picture that was closed has stopped; else the sound goes on; what is paused does not run. */
    override fun onStop() {
        super.onStop()
        if (isChangingConfigurations || isFinishing) return
        when {
            isInPictureInPictureMode -> {
                leave()
            }

            app.watch.state.value.playing -> {
                app.watch.place(PlayState.BACKGROUND)
            }

            else -> {
                app.watch.rest()
            }
        }
    }

    override fun onConfigurationChanged(next: Configuration) {
        super.onConfigurationChanged(next)
        drawing.turned()
        draw(state)
    }

    override fun surfaceCreated(holder: SurfaceHolder) = app.watch.surface(holder.surface)

    override fun surfaceChanged(
        holder: SurfaceHolder,
        format: Int,
        width: Int,
        height: Int,
    ) = Unit

    override fun surfaceDestroyed(holder: SurfaceHolder) = app.watch.surface(null)

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putBoolean(FULL, full)
        out.putBoolean(PUT_AWAY, cardPutAway)
    }

    private companion object {
        const val FULL = "full"
        const val PUT_AWAY = "put_away"
        val WIDE = Rational(16, 9)
    }
}
