using Xunit;

namespace Fettle.Testing;

/// <summary>
/// A fact that is skipped with a reason when the machine lacks something. Derive one attribute for each need and
/// pass null when the need is met, or else the name of what is missing and how to get it.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public abstract class RequiresFactAttribute : FactAttribute
{
    protected RequiresFactAttribute(string? missing)
    {
        if (missing is not null)
        {
            Skip = $"missing: {missing}";
        }
    }
}

/// <summary>The same for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
public abstract class RequiresTheoryAttribute : TheoryAttribute
{
    protected RequiresTheoryAttribute(string? missing)
    {
        if (missing is not null)
        {
            Skip = $"missing: {missing}";
        }
    }
}
