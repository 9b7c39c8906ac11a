/// All words that the app says, by the screen where they are first needed. The texts are in
/// Resources; placeholders stand in braces.
public enum Word: String, CaseIterable, Sendable {
    // What every screen has.
    case close, cancel, back, done, more, settings, openSettings, proceed, tryAgain, tryNow, notNow, live,
        watching, about

    // Times.
    case underSecond, shortSeconds, shortMinutes, shortHours, seconds, minutes, hours

    // S1 Home.
    case goLive, watch, myLink, youAreLive, open, interruptedTitle, interruptedText, goLiveAgain, dismiss

    // S2 Preview.
    case onlyYouSee, notLive, closePreview, title, titleHint, titlePreset, who, anyoneWithLink, cost,
        costHour, costHourMobile, checkReady, checkSlow, checkNone, startingCamera, goingLive, findingWay,
        goLiveFailed, invite, whenLeft

    // Controls of a broadcast, spoken.
    case toFront, toBack, lightOn, lightOff, zoomIn, zoomOut, microphoneOn, microphoneOff,
        cameraOn, cameraOff, muted,
        cardCameraOff, spokenHealth

    // S3 Live.
    case nobodyYet, ready, good, fair, poor, lost, causeSlowUpload, causeLoss, causeViewers, causeHeat,
        causeNoAnswer, causeNoNetwork, seenLater, sent, battery, end, endTitle, endPeople, endBroadcast,
        keepGoing, stopAndErase, stopAndEraseHint, barsHint, notLiveAnyMore, stopped

    // Notices while live.
    case uploadSlowTitle, uploadSlowText, viewersMissingTitle, viewersMissingText, reconnectingTitle,
        reconnectingText, heatModerateTitle, heatModerateText, heatSevereTitle, heatSevereText,
        heatCriticalTitle, heatCriticalText, batteryText, cameraTakenTitle, cameraTakenText,
        useCameraAgain, cameraFailedTitle, cameraFailedText, cameraFailedLong, soundOnly, pictureOnly,
        callTitle, callText, mobileDataTitle, leftAppText, leftAppTextPaused, saidLive, saidMicrophoneOff,
        saidMicrophoneOn

    // S4 Invite.
    case shareLink, copy, linkCopied, shareText, codeSpoken, oneLinkForAll, linkNotTappable

    // S5 Ended.
    case endedHeading, watchedAtMost, nobodyWatched, sentKinds, goodShare, goodShareCause, noRecording,
        nobodySees

    // S6 Watch.
    case behindLive, behindLiveSpoken, liveSpoken, pausedBadge, play, pause, smallPicture, fullScreen,
        leaveFullScreen, soundOn, soundOff, watchingUses, whyAndHowMuch, catchingUp, backAgain

    // S7 Watch states.
    case joiningText, joiningLong, waitingTitle, waitingText, pausedTitle, pausedText, cameraOffTitle,
        cameraOffText, broadcasterSilentTitle, broadcasterSilentText, broadcasterSilentLong, cutOffTitle,
        cutOffText, noNetworkTitle, noNetworkText, endedTitle, endedText, revokedTitle, revokedText,
        unreachableTitle, unreachableText, newerVersionTitle, newerVersionText, update, damagedLinkTitle,
        damagedLinkText, pasteAgain, scanCode, decodeFailedTitle, decodeFailedText, decodeFailedLong

    // S8 Lend a hand.
    case hand, handSentence, onWifi, onMobile, homeNetwork, homeNetworkText, limit, noLimit, limitDay, now,
        today, thisMonth, amounts,
        rateMinute, sizeToday, counting, ok, howItWorks, howItWorksText, houseRulesByWatching, switchOn,
        switchOff, reasonLending, reasonLendingSome, reasonReady, reasonHalfBattery, reasonHalfWarm,
        reasonOff, reasonNotYet, reasonMobile, reasonRoaming, reasonDataSaver, reasonBatteryLow,
        reasonBatterySaver, reasonHot, reasonDailyLimit, reasonMonthlyLimit, reasonCall, reasonLive,
        reasonIdle

    // S9 Open a link.
    case openLink, pointAtCode, codeFrame, codeFound, pasteLink, typeHere, choosePicture, notOurCode,
        canAlsoPaste, useCamera

    // S10 Primers and refusals.
    case primerTitle, primerText, primerScanTitle, primerScanText, refusedCameraTitle, refusedCameraText,
        refusedMicrophoneTitle, refusedMicrophoneText, refusedNearbyTitle, refusedNearbyText

    // S15 First run.
    case firstRunTitle, firstRunAccount, firstRunPass, firstRunTakeBack, houseRules, privacy, agree
}
