package io.dpq.train;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.dpq.arch.PipelineRules;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    @Test
    void keepsToTheRulesOfPipelines() {
        PipelineRules.check("train", Set.of("io.dpq.train.averaging"));
    }

    @Test
    void theRoomsOfTrainingKnowNothingOfTheJob() {
        final JavaClasses classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.dpq.train");
        noClasses()
                .that()
                .resideInAPackage("io.dpq.train.*..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.dpq.train")
                .check(classes);
        slices().matching("io.dpq.train.(*)..").should().beFreeOfCycles().check(classes);
    }
}
