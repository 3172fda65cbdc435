"""What takes two people, what one does alone although it overrides something, and why: one table over all commands.

The rule itself lives in the machine that decides the command. This table says it in one place for people, and the tests
hold it against every command there is: a new one has to be put somewhere before anything ships.
"""

from __future__ import annotations

from collections.abc import Mapping

Command = str  # room.Name

TWO: Mapping[Command, str] = {
    "cutover.WaiveGate": "a decider signs, and another who decides, is asked next or began the run: the second opens it",
    "cutover.CastVote": "whoever opened the gate or began the run does not vote; one vote a seat; quorum of distinct people",
    "runbooks.BackOut": "past the point of no return: two others sign",
    "runbooks.SignBackout": "one signature each; whoever begins the backout is none of the two",
    "runbooks.ApproveEdit": "in a live run: not by whoever proposed it",
    "runbooks.SkipTask": "in a live run: not by whose task it is, unless the plan calls it optional; a gate or a point of no return by nobody",
    "monitors.SignWaiver": "not by the owner of what is not watched; it ends on a day",
    "monitors.FreezeBaseline": "a baseline that was frozen is replaced by another than the owner of the flow",
    "paper_capture.EnterPass": "each pass of a sheet by another person",
    "paper_capture.AdjudicateSheet": "not by who keyed either pass",
    "paper_capture.DeclareMissing": "decided by another than who records it",
    "paper_capture.DestroySheet": "before a witness",
    "paper_capture.DestroyBlock": "before a witness",
    "paper_capture.ReceiveBatch": "counted again by another than who made it up",
    "paper_capture.SignOver": "signed at the live system by another than the station's writer",
    "contingency.VerifyItem": "not by who claimed it",
    "contingency.VerifyAction": "not by who claimed it",
    "contingency.VerifyCause": "not by who claimed it",
}

OUTSIDE: Mapping[str, str] = {
    "cutover paper redact": "before a witness",
    "a PIN": "issued by one, good only for choosing another, which its owner does",
    "a role": "stands in programme.yaml; no page and no command gives one",
}

ALONE: Mapping[Command, str] = {
    "cutover.WithdrawGate": "holds what is behind it: nothing opens by it",
    "cutover.WithdrawCondition": "only one's own",
    "cutover.SwitchMode": "the plan or an enacted play asks for it; each switch is told with who and why",
    "cutover.ExplainFindings": "an explanation makes a finding no less of one; only a later run verifies",
    "cutover.RepairFindings": "a claim; only a later run verifies",
    "runbooks.CancelRun": "ends the record of a run; what was done stays, nothing opens, and another run may begin",
    "runbooks.PauseRun": "holds: nothing opens by it",
    "runbooks.SettleTask": "a person looks at what a machine did, and says how it was seen",
    "runbooks.RetryTask": "asks again; a gate is decided anew",
    "runbooks.AllowTask": "only in a rehearsal",
    "runbooks.LeaveOut": "only where the plan says so, in a rehearsal",
    "runbooks.OverrideColour": "the computed colour stays beside it with who and why, and no gate reads it",
    "monitors.AcknowledgeAlert": "silences the asking for a while, not the colour",
    "monitors.AnnounceDowntime": "stated beforehand, with an end",
    "monitors.CloseAlarm": "takes a cause and the days are clean again; it latches anew",
    "monitors.SettleSuspicion": "takes what was found; the balance is counted on",
    "monitors.WithdrawWaiver": "takes an exception back",
    "paper_capture.SpoilSheet": "the spoiled sheet is kept, and counted",
    "paper_capture.CorrectSheet": "both values stay, with who and why",
    "paper_capture.ChooseTelling": "a supervisor decides between two writers",
    "paper_capture.DiscardQuarantined": "the image is kept",
    "paper_capture.DisposeSheet": "what the target answered, with its reference; a rejection keeps its reason and the paper",
    "contingency.EnactPlay": "only whoever the play names, on a proposal by its trigger",
    "contingency.DeclinePlay": "only whoever the play names",
    "contingency.StandDown": "only whoever the play names, once the way back is done",
    "contingency.DismissMatch": "the program proposed, a person decides",
    "contingency.MergeRecord": "the program proposed, a person decides",
    "contingency.LinkRecord": "the program proposed, a person decides",
    "contingency.RejectRecord": "what the target answered",
    "contingency.SetRecordAside": "kept as a dead letter, and shown until somebody has it tried again",
    "contingency.ExplainDifference": "the difference stays beside it",
}

ORDINARY: frozenset[Command] = frozenset(
    f"{room}.{name}"
    for room, names in {
        "cutover": "AcknowledgeCondition Answer ExpireGate JudgeFindings KeepSnapshot MeetCondition OpenGate RaiseCondition "
        "RecordEvidence Start",
        "runbooks": "Announce ArmBackout AttachEvidence BeginTask ClaimTask CommentOnTask CompareHistory CompleteItself "
        "ConfirmBackedOut DisarmBackout FailTask FinishTask LiftOverride LinkFlow MarkUncertain MoveForecast NoteClockStep PassGate "
        "ProposeEdit RecordOutcome RejectEdit ReportProgress ReportTry StartRun TakeSignatureBack UnpauseRun WithdrawAnnouncement "
        "WithdrawEdit",
        "monitors": "AcceptFile AcknowledgeFile ArmFlow BuildFile EndDowntime HandDeliverFile JudgeAlert RaiseSilence RecordResult "
        "RejectFile ReportBreak SendFile TakeAlarm TakeDays",
        "paper_capture": "FilePage FileQuarantined FreeSheet GoOnLive HandBackUnused HandOverSheet HoldSheet IssueBlock IssueSheet "
        "LogUsed PrepareBatch PrintBlock PrintRestricted PrintSheet QuarantinePage RejectBatch ReleaseBatch RetainSheet ReturnSheet "
        "TellTwice TransferSheet TriageSheet ViewRestricted",
        "contingency": "AcknowledgeNotice AnswerNotice AnswerReport AssignItem BeginConversion ClaimAction ClaimCause ClaimItem DoLine "
        "DoStep FindItem GiveUpTarget HandOver KnowIssue LapsePlay NotifyPartner PauseConversion ProposePlay RaiseAction ReadMetric "
        "RecordCount RecordOutcome RecordSupply RenewIssue ReopenAction ReopenIncident ReopenItem ReportFromStation ReportIncident "
        "ReportMatch RequeueRecord ResolveIssue ResumeConversion TakeBatch TellLimits TieToIssue WelcomeTarget",
    }.items()
    for name in names.split()
)
