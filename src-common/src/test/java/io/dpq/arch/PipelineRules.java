package io.dpq.arch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;

/** What every pipeline keeps to; each module checks its own package. Stateless. */
public final class PipelineRules {
    private static final Set<String> PIPELINES = Set.of("train", "encode", "eval");

    private PipelineRules() {}

    /**
     * Checks the classes of one pipeline, without its tests.
     *
     * @param pipeline its package below io.dpq
     * @param dl4jSpark packages that may touch dl4j-spark
     * @throws AssertionError where a rule is broken
     */
    public static void check(final String pipeline, final Set<String> dl4jSpark) {
        final JavaClasses classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.dpq." + pipeline);
        if (!PIPELINES.contains(pipeline) || classes.isEmpty()) {
            throw new AssertionError("no classes of the pipeline " + pipeline);
        }
        final String[] siblings = PIPELINES.stream()
                .filter(name -> !name.equals(pipeline))
                .map(name -> "io.dpq." + name + "..")
                .toArray(String[]::new);
        noClasses().should().dependOnClassesThat().resideInAnyPackage(siblings).check(classes);
        noClasses()
                .that(DescribedPredicate.describe(
                        "are not in " + dl4jSpark, type -> !dl4jSpark.contains(type.getPackageName())))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.deeplearning4j.spark..")
                .check(classes);
        noClasses()
                .that()
                .haveSimpleNameNotEndingWith("Main")
                .should()
                .callMethod(System.class, "exit", int.class)
                .check(classes);
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.io.ObjectInputStream")
                .check(classes);
    }
}
