namespace Fettle.Shared.Verbs;

/// <summary>What the process exits with; the same for every verb.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Error = 1;
    public const int Usage = 2;

    /// <summary>Changes were tried and none was kept, or the candidate is worse.</summary>
    public const int NoneKept = 3;

    /// <summary>Undecided, or the load generator was the limit.</summary>
    public const int Undecided = 4;

    /// <summary>A defect of the program itself (EX_SOFTWARE of sysexits.h).</summary>
    public const int Internal = 70;

    public const int ThresholdFailed = 99;
    public const int Interrupted = 130;
}
