package app.manyhands.live

import android.app.Activity
import android.view.View
import android.widget.ImageView
import android.widget.Switch
import android.widget.TextView
import app.manyhands.R
import app.manyhands.look.Words
import app.manyhands.look.icon
import app.manyhands.look.iconAtStart
import app.manyhands.look.say
import app.manyhands.look.shown
import app.manyhands.look.view
import app.manyhands.media.CameraTrouble

/** S2, and the buttons that it shares with S3. */
class PreviewPart(
    private val screen: Activity,
    private val words: Words,
) {
    private val resources = screen.resources

    fun draw(state: LiveState) {
        val going = state.phase == Phase.GOING_LIVE
        val before = state.phase == Phase.PREVIEW || going
        for (id in listOf(R.id.preview_part, R.id.preview_choices, R.id.only_you)) {
            screen.view<View>(id).shown(before)
        }
        screen.view<View>(R.id.close_preview).shown(state.phase == Phase.PREVIEW)
        drawGo(state, going)
        drawCost(state)
        drawHome(state)
        screen.view<Switch>(R.id.pause_when_left).isChecked = state.pausesWhenLeft
        screen.view<View>(R.id.roaming).shown(state.asksRoaming)
        screen
            .view<TextView>(R.id.roaming_text)
            .say(resources.getString(R.string.roaming_text, cost(words)))
        drawSwitches(state)
    }

    private fun drawGo(
        state: LiveState,
        going: Boolean,
    ) {
        screen.view<TextView>(R.id.go_live).apply {
            isEnabled = state.canGoLive
            setText(if (going) R.string.going_live else R.string.go_live)
            shown((state.phase == Phase.PREVIEW || going) && !state.asksRoaming)
        }
        screen.view<View>(R.id.cancel).shown(going)
        val offline = !state.device.network.online
        val reason =
            when {
                offline -> {
                    resources.getString(R.string.no_network) + ". " +
                        resources.getString(R.string.no_network_text)
                }

                state.failure != null -> {
                    resources.getString(R.string.broadcast_failed) + ". " + state.failure
                }

                else -> {
                    null
                }
            }
        screen.view<TextView>(R.id.go_reason).say(reason.takeIf { state.phase == Phase.PREVIEW })
    }

    private fun drawCost(state: LiveState) =
        screen.view<TextView>(R.id.cost).apply {
            say(resources.costLine(state, words))
            val metered = state.device.network.metered == true
            iconAtStart(if (metered) R.drawable.ic_mobile else R.drawable.ic_wifi)
            setTextColor(screen.getColor(if (metered) R.color.fair else R.color.text))
        }

    private fun drawHome(state: LiveState) {
        screen.view<Switch>(R.id.home).apply {
            isChecked = state.home
            shown(state.device.network.canBeHome)
        }
        // What it means is read before anything is sent, and leaves room for `Go live` until then.
        screen.view<View>(R.id.home_text).shown(state.home)
    }

    private fun drawSwitches(state: LiveState) {
        val inUse = state.phase != Phase.ENDED && state.phase != Phase.CLOSED
        screen.view<View>(R.id.switches).shown(inUse)
        screen
            .view<TextView>(R.id.camera_starting)
            .shown(inUse && state.cameraSent && state.cameraTrouble == CameraTrouble.STARTING)
        screen.view<TextView>(R.id.camera_off_card).shown(inUse && !state.cameraSent)
        switch(
            R.id.microphone,
            state.microphone == Microphone.ON,
            R.drawable.ic_mic to R.string.microphone_on,
            R.drawable.ic_mic_off to R.string.microphone_off,
        )
        switch(
            R.id.camera,
            state.cameraSent,
            R.drawable.ic_camera to R.string.camera_on,
            R.drawable.ic_camera_off to R.string.camera_is_off,
        )
        switch(
            R.id.torch,
            state.torchOn == true,
            R.drawable.ic_torch to R.string.light_on,
            R.drawable.ic_torch_off to R.string.light_off,
        )
        screen.view<View>(R.id.torch).shown(state.torchOn != null)
        drawZoom(state)
        val other = if (state.front) R.string.switch_to_back else R.string.switch_to_front
        screen.view<ImageView>(R.id.flip).icon(R.drawable.ic_flip, resources.getString(other))
    }

    private fun drawZoom(state: LiveState) {
        val can = state.zoomMost > 1f && state.cameraSent
        for ((id, more) in listOf(R.id.zoom_in to (state.zoom < state.zoomMost), R.id.zoom_out to (state.zoom > 1f))) {
            screen.view<View>(id).apply {
                shown(can)
                isEnabled = more
                alpha = if (more) 1f else OFF
            }
        }
    }

    private fun switch(
        id: Int,
        on: Boolean,
        ifOn: Pair<Int, Int>,
        ifOff: Pair<Int, Int>,
    ) {
        val (icon, spoken) = if (on) ifOn else ifOff
        screen.view<ImageView>(id).icon(icon, resources.getString(spoken))
    }

    private companion object {
        /** Of a button that can't do more. */
        const val OFF = 0.4f
    }
}
